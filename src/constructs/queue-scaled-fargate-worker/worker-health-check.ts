import type { Duration } from 'aws-cdk-lib';
import type { HealthCheck } from 'aws-cdk-lib/aws-ecs';
import { checkDuration, checkWholeNumber } from '../private/checks';
import { ValidationError } from '../private/validation-error';
import { HealthCheckDefaults } from './defaults';

/** Timing of a container health check. */
export interface WorkerHealthCheckOptions {
  /**
   * Time between two checks, from 5 to 300 seconds.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
   * @default Duration.seconds(30)
   */
  readonly interval?: Duration;

  /**
   * Number of consecutive failed checks before the task is replaced, from 1 to 10.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
   * @default 3
   */
  readonly retries?: number;

  /**
   * Time after the start during which failed checks do not count, from 0 to 300 seconds.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
   * @default Duration.seconds(30)
   */
  readonly startPeriod?: Duration;
}

/** Options of `WorkerHealthCheck.livez()`. */
export interface LivezOptions extends WorkerHealthCheckOptions {
  /**
   * The port of the health endpoint inside the task, from 1 to 65535. It is not reachable from outside.
   *
   * @default 8080
   */
  readonly port?: number;
}

/**
 * How ECS detects that a task hangs, in order to replace it.
 *
 * A task that fails its check is stopped like any other: it receives SIGTERM and releases its unfinished messages.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
 */
export class WorkerHealthCheck {
  /** No check: a task runs until its process ends. */
  static none(): WorkerHealthCheck {
    return new WorkerHealthCheck();
  }

  /**
   * Requests `/livez` from the worker, which `runWorker` of fileworks-runtime serves on the port that the construct
   * sets.
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
   * Runs a command in the container. Any exit code other than 0 is a failure.
   *
   * @param command the program and its arguments, without a shell
   * @param options timing
   */
  static command(command: string[], options: WorkerHealthCheckOptions = {}): WorkerHealthCheck {
    if (command.length === 0) {
      throw new ValidationError('command cannot be empty; set a program, or use WorkerHealthCheck.none()');
    }
    return new WorkerHealthCheck(['CMD', ...command], options);
  }

  /** The container health check of ECS; undefined for none. */
  readonly containerHealthCheck?: HealthCheck;

  /** The port of the health endpoint; undefined without one. */
  readonly port?: number;

  private constructor(command?: string[], options: WorkerHealthCheckOptions = {}, port?: number) {
    checkDuration('interval', options.interval, { min: 5, max: 300 });
    checkWholeNumber('retries', options.retries, { min: 1, max: 10, tokens: true });
    checkDuration('startPeriod', options.startPeriod, { min: 0, max: 300, tokens: true });
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
