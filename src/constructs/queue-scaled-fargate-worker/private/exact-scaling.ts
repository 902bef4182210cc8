import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { ApplicationScalingAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Construct } from 'constructs';
import { AutoScalingLimits } from '../../../contract/service-limits';
import { createAlarm } from '../../private/alarm';
import { ExactScalingDefaults } from '../defaults';
import type { ExactScalingOptions, QueueScalingBindOptions } from '../queue-scaling-options';
import { capacityLevels } from './capacity-levels';

/** Steps of exact capacity on the backlog, and a return to the fewest tasks when it has been empty for a while. */
export function bindExactScaling(scope: Construct, options: ExactScalingOptions, bind: QueueScalingBindOptions): void {
  const owner = bind.service.node.scope?.node.path ?? '';
  createAlarm(scope, 'BacklogAlarm', {
    description: `Scales ${owner}: rings while there is work, and sets the number of tasks for it`,
    runbook: 'worker-scaling',
    metric: bind.backlog,
    threshold: 1,
    actions: [new ApplicationScalingAction(followBacklog(scope, options, bind))],
  });
  createAlarm(scope, 'IdleAlarm', {
    description: `Scales ${owner}: rings while there is no work, and sets the fewest tasks`,
    runbook: 'worker-scaling',
    metric: bind.backlog,
    comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
    threshold: 0,
    evaluationPeriods: options.idleMinutes ?? ExactScalingDefaults.idleMinutes,
    actions: [new ApplicationScalingAction(goIdle(scope, bind))],
  });
}

/** An alarm that goes on ringing runs its policy each minute, so tasks follow the backlog down as well as up. */
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
