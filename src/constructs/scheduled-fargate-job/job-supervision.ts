import type { Duration } from 'aws-cdk-lib';
import { checkSeconds, checkWholeNumber } from '../private/checks';
import { SupervisionDefaults } from './defaults';

/** How a supervised job is watched. */
export interface SupervisionOptions {
  /**
   * The longest that a run may take, its retries included, from 1 minute to 7 days. A task that runs then is stopped,
   * and the run has failed.
   *
   * @default Duration.hours(1)
   */
  readonly maxDuration?: Duration;

  /**
   * How often a task that failed, did not start or was reclaimed by Spot is started again, from 0 to 10.
   *
   * @default 2
   */
  readonly retries?: number;

  /**
   * Whether a run may begin while the last one is still at work. Otherwise it is skipped.
   *
   * @default false
   */
  readonly allowOverlap?: boolean;
}

/** Who watches a task after the schedule has started it. */
export class JobSupervision {
  /**
   * Nobody: the schedule starts the task, and that is all. Whether it works or fails is for `TaskLifecycleAlerts` to
   * tell.
   *
   * Two runs may overlap, a task may run for ever, and one that fails is not started again.
   */
  static none(): JobSupervision {
    return new JobSupervision();
  }

  /**
   * A Step Functions state machine, which waits for the task, starts it again when it failed, stops it when it takes
   * too long, and skips a run while
   * the last one is at work.
   *
   * @param options how it watches
   */
  static stepFunctions(options: SupervisionOptions = {}): JobSupervision {
    checkSeconds('maxDuration', options.maxDuration, { min: 60, max: 604_800 });
    checkWholeNumber('retries', options.retries, { min: 0, max: 10 });
    return new JobSupervision({
      maxDuration: options.maxDuration ?? SupervisionDefaults.maxDuration,
      retries: options.retries ?? SupervisionDefaults.retries,
      allowOverlap: options.allowOverlap ?? false,
    });
  }

  /** How the job is watched; undefined when nobody does. */
  readonly options?: SupervisionOptions;

  private constructor(options?: SupervisionOptions) {
    this.options = options;
  }
}
