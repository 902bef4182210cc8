import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { AutoScalingLimits } from '../../../contract/service-limits';
import { createScalingAlarm } from '../../private/alarm';
import { pathOf } from '../../private/paths';
import { ExactScalingDefaults } from '../defaults';
import type { ExactScalingOptions, QueueScalingBindOptions } from '../queue-scaling-options';
import { capacityLevels } from './capacity-levels';

/**
 * Steps of exact capacity on the backlog, and a scale-in to the minimum task count when it has been empty for a while.
 */
export function bindExactScaling(scope: Construct, options: ExactScalingOptions, bind: QueueScalingBindOptions): void {
  const owner = pathOf(bind.service.node.scope ?? scope);
  createScalingAlarm(scope, 'BacklogAlarm', followBacklog(scope, options, bind), {
    description: `Scales ${owner}: in ALARM while there are messages; sets the task count for them`,
    runbook: 'worker-scaling',
    metric: bind.backlog,
    threshold: 1,
  });
  createScalingAlarm(scope, 'IdleAlarm', goIdle(scope, bind), {
    description: `Scales ${owner}: in ALARM while there are no messages; sets the minimum task count`,
    runbook: 'worker-scaling',
    metric: bind.backlog,
    comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
    threshold: 0,
    evaluationPeriods: options.idleMinutes ?? ExactScalingDefaults.idleMinutes,
  });
}

/**
 * An alarm that stays in ALARM runs its policy each minute, so the task count follows the backlog down as well as up.
 */
function followBacklog(
  scope: Construct,
  options: ExactScalingOptions,
  bind: QueueScalingBindOptions,
): appscaling.StepScalingAction {
  const { scalableTarget, minTasks, maxTasks, concurrency } = bind;
  const policy = createPolicy(scope, 'BacklogPolicy', scalableTarget);
  const messagesPerTask = options.messagesPerTask ?? concurrency;
  let lowerBound = 0;
  for (const tasks of capacityLevels(Math.max(minTasks, 1), maxTasks, AutoScalingLimits.maxStepsPerPolicy)) {
    // Bounds count from the alarm's threshold of one message, and the upper one is outside.
    const upperBound = tasks * messagesPerTask;
    policy.addAdjustment({ adjustment: tasks, lowerBound, upperBound: tasks === maxTasks ? undefined : upperBound });
    lowerBound = upperBound;
  }
  return policy;
}

function goIdle(scope: Construct, { scalableTarget, minTasks }: QueueScalingBindOptions): appscaling.StepScalingAction {
  const policy = createPolicy(scope, 'IdlePolicy', scalableTarget);
  policy.addAdjustment({ adjustment: minTasks, upperBound: 0 });
  return policy;
}

function createPolicy(
  scope: Construct,
  id: string,
  scalingTarget: appscaling.ScalableTarget,
): appscaling.StepScalingAction {
  return new appscaling.StepScalingAction(scope, id, {
    scalingTarget,
    adjustmentType: appscaling.AdjustmentType.EXACT_CAPACITY,
    cooldown: ExactScalingDefaults.cooldown,
    metricAggregationType: appscaling.MetricAggregationType.MAXIMUM,
  });
}
