import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { createAlarm } from '../../private/alarm';
import { pathOf } from '../../private/paths';
import { WorkerDefaults } from '../defaults';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';

/** In ALARM when a message is too old, whatever the reason. */
export function createOldestMessageAlarm(
  worker: Construct,
  metric: cloudwatch.IMetric,
  age: Duration,
  props: QueueScaledFargateWorkerProps,
): cloudwatch.Alarm {
  return createAlarm(worker, 'OldestMessageAlarm', {
    description: `The oldest message of ${pathOf(worker)} is visible or in flight for ${age.toHumanString()} or more`,
    runbook: 'worker-oldest-message',
    metric,
    threshold: age.toSeconds(),
    actions: props.alarmActions,
  });
}

/**
 * In ALARM while jobs wait for a dependency. A short wait is below the threshold: a job whose own file is refused
 * pauses the others for seconds. A task that is replaced begins to count again, so one minute may be below it.
 */
export function createDependencyUnavailableAlarm(
  worker: Construct,
  metric: cloudwatch.IMetric,
  props: QueueScaledFargateWorkerProps,
): cloudwatch.Alarm {
  return createAlarm(worker, 'DependencyUnavailableAlarm', {
    description: `Jobs of ${pathOf(worker)} wait for a dependency that denies, throttles or does not answer; they go on by themselves when it is back`,
    runbook: 'dependency-unavailable',
    metric,
    threshold: 30,
    evaluationPeriods: 6,
    datapointsToAlarm: 5,
    actions: props.alarmActions,
  });
}

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
    actions: props.alarmActions,
  });
}

/**
 * In ALARM when messages are visible and none is in flight: the symptom of every reason for which tasks do not start.
 */
export function createNotStartingAlarm(
  worker: Construct,
  metric: cloudwatch.IMetric,
  time: Duration,
  props: QueueScaledFargateWorkerProps,
): cloudwatch.Alarm {
  return createAlarm(worker, 'NotStartingAlarm', {
    description: `For ${time.toHumanString()}, messages of ${pathOf(worker)} were visible and none was in flight: its tasks do not start, or receive no messages`,
    runbook: 'worker-not-starting',
    metric,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold: 0,
    evaluationPeriods: Math.ceil(time.toMinutes({ integral: false })),
    actions: props.alarmActions,
  });
}
