import type { Duration, TimeZone } from 'aws-cdk-lib';
import type { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';

/** A change of the fewest and most tasks at certain times. */
export interface ScheduledTaskCountOptions {
  /** When it happens. */
  readonly schedule: Schedule;

  /**
   * The time zone of `schedule`.
   *
   * @default - UTC
   */
  readonly timeZone?: TimeZone;

  /**
   * The fewest tasks from then on, from 0 to the worker's `maxTasks`.
   *
   * @default - as before
   */
  readonly minTasks?: number;

  /**
   * The most tasks from then on, from 0 to the worker's `maxTasks`; 0 stops the worker.
   *
   * @default - as before
   */
  readonly maxTasks?: number;
}

/** How the number of tasks follows their CPU or memory. */
export interface UtilizationScalingOptions {
  /** Average utilization that is aimed at, in percent of what the tasks have, from 1 to 100. */
  readonly targetPercent: number;

  /**
   * Whether a low utilization may also take tasks away. A task that waits for the network is not idle, so mostly it
   * should not.
   *
   * @default false
   */
  readonly allowScaleIn?: boolean;

  /**
   * Time between two additions of tasks, 0 seconds or more.
   *
   * @default Duration.minutes(1)
   */
  readonly scaleOutCooldown?: Duration;
}
