import type { Duration } from 'aws-cdk-lib';
import type { ScalableTarget } from 'aws-cdk-lib/aws-applicationautoscaling';
import type { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { FargateService, ScalableTaskCount } from 'aws-cdk-lib/aws-ecs';

/** Input of `QueueScaling.bind()`. */
export interface QueueScalingBindOptions {
  /** The service that is scaled. */
  readonly service: FargateService;
  /** The task count of the service, for policies by CPU, memory or time. */
  readonly taskCount: ScalableTaskCount;
  /** The scalable target of the task count, for custom policies. */
  readonly scalableTarget: ScalableTarget;
  /** Visible and in-flight messages. */
  readonly backlog: MathExpression;
  /** The minimum task count. */
  readonly minTasks: number;
  /** The maximum task count. */
  readonly maxTasks: number;
  /** How many jobs one task processes at the same time. */
  readonly concurrency: number;
}

/** Options of `QueueScaling.exact()`. */
export interface ExactScalingOptions {
  /**
   * Messages for each task, 1 or more: the task count for a backlog of n messages is n divided by this, rounded up.
   *
   * With a higher number, files wait longer and tasks run longer.
   *
   * @default - the worker's `concurrency`, so that no message waits while the task count is below `maxTasks`
   */
  readonly messagesPerTask?: number;

  /**
   * Minutes without visible and in-flight messages before the service scales in to `minTasks`; 1 to 60.
   *
   * @default 3
   */
  readonly idleMinutes?: number;
}

/** Options of `QueueScaling.backlogPerTask()`. */
export interface BacklogPerTaskOptions {
  /**
   * Target for the visible and in-flight messages of each running task; more than 0.
   *
   * @default - the worker's `concurrency`
   */
  readonly messagesPerTask?: number;
}

/** Options of `QueueScaling.latency()`. */
export interface LatencyOptions {
  /** Acceptable waiting time of a message; at least `perMessage`. */
  readonly acceptable: Duration;

  /** Average time that a task takes for a message; 1 second or more. */
  readonly perMessage: Duration;
}
