import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { createAlarm } from '../../private/alarm';
import { WorkerDefaults } from '../defaults';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';

/** Rings when a message is older than it should ever be, whatever the reason. */
export function createOldestMessageAlarm(
  worker: Construct,
  metric: cloudwatch.IMetric,
  age: Duration,
  props: QueueScaledFargateWorkerProps,
): cloudwatch.Alarm {
  return createAlarm(worker, 'OldestMessageAlarm', {
    description: `The oldest job of ${worker.node.path} waits or is in work for ${age.toHumanString()} or more`,
    runbook: 'worker-oldest-message',
    metric,
    threshold: age.toSeconds(),
    actions: props.alarmActions,
  });
}

/**
 * Rings when the tasks that there may be have been too few for a while: the backlog is more than all of them can take
 * at once.
 */
export function createSaturationAlarm(
  worker: Construct,
  metric: cloudwatch.IMetric,
  time: Duration,
  props: QueueScaledFargateWorkerProps,
): cloudwatch.Alarm {
  const maxTasks = props.maxTasks ?? WorkerDefaults.maxTasks;
  return createAlarm(worker, 'SaturationAlarm', {
    description: `For ${time.toHumanString()}, ${worker.node.path} has had more jobs than its ${maxTasks} tasks can take; consider a higher maxTasks`,
    runbook: 'worker-saturation',
    metric,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold: maxTasks * (props.concurrency ?? WorkerDefaults.concurrency),
    evaluationPeriods: Math.ceil(time.toSeconds() / Duration.minutes(1).toSeconds()),
    actions: props.alarmActions,
  });
}

/**
 * Rings when jobs wait and none is in work: whatever keeps tasks from starting, this is what it looks like from the
 * queue.
 */
export function createNotStartingAlarm(
  worker: Construct,
  metric: cloudwatch.IMetric,
  time: Duration,
  props: QueueScaledFargateWorkerProps,
): cloudwatch.Alarm {
  return createAlarm(worker, 'NotStartingAlarm', {
    description: `For ${time.toHumanString()}, jobs of ${worker.node.path} have waited and none was in work: its tasks do not start, or take no work`,
    runbook: 'worker-not-starting',
    metric,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold: 0,
    evaluationPeriods: Math.ceil(time.toMinutes({ integral: false })),
    actions: props.alarmActions,
  });
}
