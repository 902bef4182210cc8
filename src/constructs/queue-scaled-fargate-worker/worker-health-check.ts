import type { Duration } from 'aws-cdk-lib';
import type { HealthCheck } from 'aws-cdk-lib/aws-ecs';
import { checkSeconds, checkWholeNumber } from '../private/checks';
import { ValidationError } from '../private/validation-error';
import { HealthCheckDefaults } from './defaults';

/** The timing of a container health check. */
export interface WorkerHealthCheckOptions {
  /**
   * Time between two checks, from 5 to 300 seconds.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
   * @default Duration.seconds(30)
   */
  readonly interval?: Duration;

  /**
   * How many checks in a row must fail before the task is replaced, from 1 to 10.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
   * @default 3
   */
  readonly retries?: number;

  /**
   * Time after the start in which failing checks do not count, from 0 to 300 seconds.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
   * @default Duration.seconds(30)
   */
  readonly startPeriod?: Duration;
}

/** How `WorkerHealthCheck.livez()` asks. */
export interface LivezOptions extends WorkerHealthCheckOptions {
  /**
   * The port on which the worker answers inside its task, from 1 to 65535. Nothing outside can reach it.
   *
   * @default 8080
   */
  readonly port?: number;
}

/**
 * How ECS tells that a task hangs, so that it is replaced.
 *
 * A task that fails its check is stopped like any other: it gets SIGTERM and its unfinished work goes back to the
 * queue.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
 */
export class WorkerHealthCheck {
  /** No check: a task runs until its process ends. */
  static none(): WorkerHealthCheck {
    return new WorkerHealthCheck();
  }

  /**
   * Asks `/livez` of the worker, which `runWorker` of fileworks-runtime answers on the port that the construct tells
   * it.
   *
   * The image must have `node` on its path.
   *
   * @param options port and timing
   */
  static livez(options: LivezOptions = {}): WorkerHealthCheck {
    const port = options.port ?? HealthCheckDefaults.port;
    checkWholeNumber('port', port, { min: 1, max: 65_535 });
    const script = `fetch('http://127.0.0.1:${port}/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))`;
    return new WorkerHealthCheck(['CMD', 'node', '-e', script], options, port);
  }

  /**
   * Runs a command in the container; it fails by any exit code but 0.
   *
   * @param command the program and its arguments; no shell reads them
   * @param options timing
   */
  static command(command: string[], options: WorkerHealthCheckOptions = {}): WorkerHealthCheck {
    if (command.length === 0) {
      throw new ValidationError('command cannot be empty; name a program, or use WorkerHealthCheck.none()');
    }
    return new WorkerHealthCheck(['CMD', ...command], options);
  }

  /** The check as ECS takes it; undefined for none. */
  readonly containerHealthCheck?: HealthCheck;

  /** The port that the worker is told to answer on; undefined when it is not asked. */
  readonly port?: number;

  private constructor(command?: string[], options: WorkerHealthCheckOptions = {}, port?: number) {
    checkSeconds('interval', options.interval, { min: 5, max: 300 });
    checkWholeNumber('retries', options.retries, { min: 1, max: 10 });
    checkSeconds('startPeriod', options.startPeriod, { min: 0, max: 300 });
    this.port = port;
    this.containerHealthCheck = command && {
      command,
      interval: options.interval ?? HealthCheckDefaults.interval,
      timeout: HealthCheckDefaults.timeout,
      retries: options.retries ?? HealthCheckDefaults.retries,
      startPeriod: options.startPeriod ?? HealthCheckDefaults.startPeriod,
    };
  }
}
