import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { WorkerDefaults } from '../defaults';
import type { QueueScaledFargateWorker } from '../queue-scaled-fargate-worker';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';

/** Rings when a message is older than it should ever be, whatever the reason. */
export function createOldestMessageAlarm(
  worker: QueueScaledFargateWorker, metric: cloudwatch.IMetric, age: Duration, props: QueueScaledFargateWorkerProps,
): cloudwatch.Alarm {
  return createAlarm(worker, 'OldestMessageAlarm', props, {
    alarmDescription: `The oldest job of ${worker.node.path} waits or is in work for ${age.toHumanString()} or more`,
    metric,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    threshold: age.toSeconds(),
    evaluationPeriods: 1,
  });
}

/** Rings when the tasks that there may be have been too few for a while: the backlog is more than all of them can take at once. */
export function createSaturationAlarm(
  worker: QueueScaledFargateWorker, time: Duration, props: QueueScaledFargateWorkerProps,
): cloudwatch.Alarm {
  const maxTasks = props.maxTasks ?? WorkerDefaults.maxTasks;
  return createAlarm(worker, 'SaturationAlarm', props, {
    alarmDescription: `For ${time.toHumanString()}, ${worker.node.path} has had more jobs than its ${maxTasks} tasks can take; consider a higher maxTasks`,
    metric: worker.metricBacklog(),
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold: maxTasks * (props.concurrency ?? WorkerDefaults.concurrency),
    evaluationPeriods: Math.ceil(time.toSeconds() / Duration.minutes(1).toSeconds()),
  });
}

/** Rings when jobs wait and none is in work: whatever keeps tasks from starting, this is what it looks like from the queue. */
export function createNotStartingAlarm(
  worker: QueueScaledFargateWorker, time: Duration, props: QueueScaledFargateWorkerProps,
): cloudwatch.Alarm {
  return createAlarm(worker, 'NotStartingAlarm', props, {
    alarmDescription: `For ${time.toHumanString()}, jobs of ${worker.node.path} have waited and none was in work: its tasks do not start, or take no work`,
    metric: worker.metricJobsNotStarted(),
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold: 0,
    evaluationPeriods: Math.ceil(time.toMinutes({ integral: false })),
  });
}

function createAlarm(scope: Construct, id: string, { alarmActions }: QueueScaledFargateWorkerProps, props: cloudwatch.AlarmProps): cloudwatch.Alarm {
  const alarm = new cloudwatch.Alarm(scope, id, { ...props, treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING });
  alarm.addAlarmAction(...alarmActions ?? []);
  return alarm;
}
