import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { createAlarm } from '../../private/alarm';
import { pathOf } from '../../private/paths';
import { WorkerDefaults } from '../defaults';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';

/** In ALARM when the backlog exceeds the capacity of the maximum task count for a while. */
export function createSaturationAlarm(
  worker: Construct,
  metric: cloudwatch.IMetric,
  time: Duration,
  props: QueueScaledFargateWorkerProps,
): cloudwatch.Alarm {
  const maxTasks = props.maxTasks ?? WorkerDefaults.maxTasks;
  return createAlarm(worker, 'SaturationAlarm', {
    description: `For ${time.toHumanString()}, ${pathOf(worker)} has had more jobs than ${maxTasks} tasks can process at the same time; consider a higher maxTasks`,
    runbook: 'worker-saturation',
    metric,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold: maxTasks * (props.concurrency ?? WorkerDefaults.concurrency),
    evaluationPeriods: Math.ceil(time.toSeconds() / Duration.minutes(1).toSeconds()),
  });
}
