import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { ApplicationScalingAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { FargateService, ScalableTaskCount } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { AutoScalingLimits } from '../../contract/service-limits';
import { checkWholeNumber } from '../private/checks';
import { ExactScalingDefaults } from './defaults';
import { capacityLevels } from './private/capacity-levels';

/** What a scaling choice works with. */
export interface QueueScalingBindOptions {
  /** The service that is scaled. */
  readonly service: FargateService;
  /** Its number of tasks, for policies by CPU, memory or time. */
  readonly taskCount: ScalableTaskCount;
  /** The same number of tasks, for policies of one's own. */
  readonly scalableTarget: appscaling.ScalableTarget;
  /** Messages that wait or are being worked on. */
  readonly backlog: cloudwatch.IMetric;
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

/**
 * How the number of tasks follows the queue.
 *
 * Extend it and implement `bind` to bring a choice of your own.
 */
export abstract class QueueScaling {
  /**
   * As many tasks as the backlog needs: `ceil(backlog / messagesPerTask)`, between `minTasks` and `maxTasks`.
   *
   * The backlog counts messages that wait and messages in work, so a message that is being worked on keeps its task. The policy goes
   * from zero and to zero; CloudWatch computes the sum, so it needs neither a Lambda function nor Container Insights. A first
   * message after idleness waits for the metric (a minute), the alarm and the start of a task.
   *
   * Up to 20 different numbers of tasks are exact. With more between `minTasks` and `maxTasks`, the 20 steps that a policy
   * may have are spread so that each is larger than the last by about the same factor, and a backlog between two of them gets the larger.
   */
  public static exact(options: ExactScalingOptions = {}): QueueScaling {
    return new ExactScaling(options);
  }

  /** The service stays at `minTasks` until something else scales it. */
  public static none(): QueueScaling {
    return new NoScaling();
  }

  /**
   * Creates the policies and alarms of this choice.
   *
   * @param scope where to create them
   * @param options the service, its task count and what is known of the queue
   */
  public abstract bind(scope: Construct, options: QueueScalingBindOptions): void;
}

class ExactScaling extends QueueScaling {
  readonly #options: ExactScalingOptions;

  public constructor(options: ExactScalingOptions) {
    super();
    checkWholeNumber('messagesPerTask', options.messagesPerTask, { min: 1 });
    checkWholeNumber('idleMinutes', options.idleMinutes, { min: 1, max: 60 });
    this.#options = options;
  }

  public bind(scope: Construct, options: QueueScalingBindOptions): void {
    const owner = options.service.node.scope?.node.path ?? '';
    this.#addAlarm(scope, 'BacklogAlarm', this.#followBacklog(scope, options), {
      metric: options.backlog,
      alarmDescription: `Scales ${owner}: rings while there is work, and sets the number of tasks for it`,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 1,
    });
    this.#addAlarm(scope, 'IdleAlarm', this.#goIdle(scope, options), {
      metric: options.backlog,
      alarmDescription: `Scales ${owner}: rings while there is no work, and sets the fewest tasks`,
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 0,
      evaluationPeriods: this.#options.idleMinutes ?? ExactScalingDefaults.idleMinutes,
    });
  }

  /** Steps of exact capacity: an alarm that goes on ringing runs its policy each minute, so tasks follow the backlog down as well as up. */
  #followBacklog(scope: Construct, { scalableTarget, minTasks, maxTasks, concurrency }: QueueScalingBindOptions): appscaling.StepScalingAction {
    const policy = this.#createPolicy(scope, 'BacklogPolicy', scalableTarget);
    const messagesPerTask = this.#options.messagesPerTask ?? concurrency;
    const levels = capacityLevels(Math.max(minTasks, 1), maxTasks, AutoScalingLimits.maxStepsPerPolicy);
    let lowerBound = 0;
    for (const tasks of levels) {
      // Bounds count from the alarm's threshold of one message, and the upper one is outside.
      const upperBound = tasks * messagesPerTask;
      policy.addAdjustment({ adjustment: tasks, lowerBound, upperBound: tasks === maxTasks ? undefined : upperBound });
      lowerBound = upperBound;
    }
    return policy;
  }

  #goIdle(scope: Construct, { scalableTarget, minTasks }: QueueScalingBindOptions): appscaling.StepScalingAction {
    const policy = this.#createPolicy(scope, 'IdlePolicy', scalableTarget);
    policy.addAdjustment({ adjustment: minTasks, upperBound: 0 });
    return policy;
  }

  #createPolicy(scope: Construct, id: string, scalingTarget: appscaling.ScalableTarget): appscaling.StepScalingAction {
    return new appscaling.StepScalingAction(scope, id, {
      scalingTarget,
      adjustmentType: appscaling.AdjustmentType.EXACT_CAPACITY,
      cooldown: ExactScalingDefaults.cooldown,
      metricAggregationType: appscaling.MetricAggregationType.MAXIMUM,
    });
  }

  #addAlarm(scope: Construct, id: string, policy: appscaling.StepScalingAction, props: cloudwatch.AlarmProps): void {
    // A queue that is idle for long sends no metrics, and that is neither work nor news.
    const alarm = new cloudwatch.Alarm(scope, id, { ...props, treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING });
    alarm.addAlarmAction(new ApplicationScalingAction(policy));
  }
}

class NoScaling extends QueueScaling {
  public bind(): void {
    // Nothing follows the queue.
  }
}
