import type { Duration, TimeZone } from 'aws-cdk-lib';
import type { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';

/** A scheduled change of the minimum and maximum task count. */
export interface ScheduledTaskCountOptions {
  /** The time of the change. */
  readonly schedule: Schedule;

  /**
   * The time zone of `schedule`.
   *
   * @default - UTC
   */
  readonly timeZone?: TimeZone;

  /**
   * The new minimum task count, from 0 to the worker's `maxTasks`.
   *
   * @default - unchanged
   */
  readonly minTasks?: number;

  /**
   * The new maximum task count, from 0 to the worker's `maxTasks`; 0 stops all tasks.
   *
   * @default - unchanged
   */
  readonly maxTasks?: number;
}

/** Target tracking by CPU or memory utilization. */
export interface UtilizationScalingOptions {
  /** Target for the average utilization of the tasks, in percent, from 1 to 100. */
  readonly targetPercent: number;

  /**
   * Whether low utilization may remove tasks. A task that waits for the network is not idle, so usually it should not.
   *
   * @default false
   */
  readonly allowScaleIn?: boolean;

  /**
   * Minimum time between two scale-outs, 0 seconds or more.
   *
   * @default Duration.minutes(1)
   */
  readonly scaleOutCooldown?: Duration;
}
