import type { Duration } from 'aws-cdk-lib';
import type { ScalableTarget } from 'aws-cdk-lib/aws-applicationautoscaling';
import type { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { FargateService, ScalableTaskCount } from 'aws-cdk-lib/aws-ecs';

/** What a scaling choice works with. */
export interface QueueScalingBindOptions {
  /** The service that is scaled. */
  readonly service: FargateService;
  /** Its number of tasks, for policies by CPU, memory or time. */
  readonly taskCount: ScalableTaskCount;
  /** The same number of tasks, for policies of one's own. */
  readonly scalableTarget: ScalableTarget;
  /** Messages that wait or are being worked on. */
  readonly backlog: MathExpression;
  /** The fewest tasks. */
  readonly minTasks: number;
  /** The most tasks. */
  readonly maxTasks: number;
  /** Jobs that one task runs at the same time. */
  readonly concurrency: number;
}

/** How `QueueScaling.exact()` counts. */
export interface ExactScalingOptions {
  /**
   * Messages for each task, 1 or more: a backlog of n messages asks for n divided by this, rounded up.
   *
   * A higher number makes files wait longer and tasks work longer.
   *
   * @default - the worker's `concurrency`, so that no message waits while there are tasks to be had
   */
  readonly messagesPerTask?: number;

  /**
   * Minutes that the queue must be empty, with nothing in work, before the service goes to `minTasks`; 1 to 60.
   *
   * @default 3
   */
  readonly idleMinutes?: number;
}

/** How `QueueScaling.backlogPerTask()` counts. */
export interface BacklogPerTaskOptions {
  /**
   * Messages for each running task, waiting or in work, that the scaling aims at; more than 0.
   *
   * @default - the worker's `concurrency`
   */
  readonly messagesPerTask?: number;
}

/** What `QueueScaling.latency()` aims at. */
export interface LatencyOptions {
  /** How long a message may wait; at least `perMessage`. */
  readonly acceptable: Duration;

  /** How long a task works on one message, on average; 1 second or more. */
  readonly perMessage: Duration;
}
