import type { Duration } from 'aws-cdk-lib';
import { MAX_DEPENDENCY_WAIT } from '../fargate-run';
import { checkDuration, checkWholeNumber } from '../private/checks';
import { SupervisionDefaults } from './defaults';

/** Options of `JobSupervision.stepFunctions()`. */
export interface SupervisionOptions {
  /**
   * Maximum duration of a run, including its retries, from 1 minute to 7 days, without the waits for a dependency.
   * After that, the task is stopped, and the run fails.
   *
   * @default Duration.hours(1)
   */
  readonly maxDuration?: Duration;

  /**
   * How many times a task is retried after a failure, a failed start or a Spot interruption, from 0 to 10.
   *
   * Launches that ECS refuses, and tasks for which a dependency is unavailable, do not count: see `maxDependencyWait`.
   *
   * @default 2
   */
  readonly retries?: number;

  /**
   * How long a run waits for a dependency or ECS to become available again, from 1 minute to 7 days, without using up a
   * retry. After that, the run fails.
   *
   * A dependency is unavailable when the task exits with `ObjectTaskExitCode.unavailable`, as `runScheduledJob` of
   * fileworks-runtime does, or cannot read its secrets; ECS, when it denies or throttles a launch or has no capacity.
   * With `allowOverlap`, each run of the schedule waits.
   *
   * The history of an execution limits the time.
   *
   * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
   * @default Duration.days(7)
   */
  readonly maxDependencyWait?: Duration;

  /**
   * Whether a run may start while the previous one is still running. Otherwise it is skipped.
   *
   * @default false
   */
  readonly allowOverlap?: boolean;
}

/** The supervision of a task after the schedule started it. */
export class JobSupervision {
  /**
   * No supervision: the schedule only starts the task. `TaskLifecycleAlerts` can alert you if it fails.
   *
   * Two runs may overlap, a task may run forever, and a failed one is not retried.
   */
  static none(): JobSupervision {
    return new JobSupervision();
  }

  /**
   * A Step Functions state machine, which waits for the task, retries it after a failure, stops it when it takes too
   * long, and skips a run while the previous one is running.
   *
   * @param options retries and duration
   */
  static stepFunctions(options: SupervisionOptions = {}): JobSupervision {
    checkDuration('maxDuration', options.maxDuration, { min: 60, max: 604_800 });
    checkDuration('maxDependencyWait', options.maxDependencyWait, { min: 60, max: MAX_DEPENDENCY_WAIT.toSeconds() });
    checkWholeNumber('retries', options.retries, { min: 0, max: 10 });
    return new JobSupervision({
      maxDuration: options.maxDuration ?? SupervisionDefaults.maxDuration,
      retries: options.retries ?? SupervisionDefaults.retries,
      maxDependencyWait: options.maxDependencyWait ?? SupervisionDefaults.maxDependencyWait,
      allowOverlap: options.allowOverlap ?? false,
    });
  }

  /** The options of the supervision; undefined without supervision. */
  readonly options?: SupervisionOptions;

  private constructor(options?: SupervisionOptions) {
    this.options = options;
  }
}
