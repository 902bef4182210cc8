import { Duration, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Queue, type CfnQueue, type IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { notStartedOf } from '../../contract/queue-metrics';
import { createAlarm, type Runbook } from './alarm';
import { checkDuration } from './checks';
import { pathOf } from './paths';
import { WorkQueueDefaults } from './work-queue';

/** Defaults of the alarms of a queue of jobs, each with its reason. */
export const QueueAlarmDefaults = {
  /** Three quarters of the retention remain for a remedy. */
  partOfRetention: 1 / 4,
  /** However long SQS keeps a message: a working day should not pass without an alarm. */
  oldestMessageAge: Duration.days(1),
  /** A task starts within minutes, metric and alarm included. */
  notStartingFor: Duration.minutes(10),
  /**
   * A metric of a program arrives late, and a message is out of hand between two attempts: one value in five minutes is
   * enough.
   */
  ageMinutes: 5,
} as const;

/** Whether the time of an alarm means that there is none. */
export function isNone(time: Duration): boolean {
  return !time.isUnresolved() && time.toMilliseconds({ integral: false }) === 0;
}

/** Throws unless the time of an alarm is in the range, or zero for no alarm. */
export function checkAlarmTime(
  prop: string,
  time: Duration | undefined,
  range: Parameters<typeof checkDuration>[2],
  scope: Construct,
): void {
  if (time === undefined || !isNone(time)) {
    checkDuration(prop, time, range, scope);
  }
}

export interface OldestMessageAlarmOptions {
  /** The greatest of them counts. */
  readonly metric: cloudwatch.IMetric;
  readonly queues: readonly IQueue[];
  /** Zero for no alarm; by default a part of the shortest retention. */
  readonly age?: Duration;
  readonly runbook: Runbook;
}

/** In ALARM when a message is too old, whatever the reason. */
export function createOldestMessageAlarm(
  scope: Construct,
  { metric, queues, age = defaultAge(queues), runbook }: OldestMessageAlarmOptions,
): cloudwatch.Alarm | undefined {
  if (isNone(age)) {
    return undefined;
  }
  return createAlarm(scope, 'OldestMessageAlarm', {
    description: `The oldest message of ${pathOf(scope)} is visible or in flight for ${age.toHumanString()} or more`,
    runbook,
    metric,
    threshold: age.toSeconds(),
    evaluationPeriods: QueueAlarmDefaults.ageMinutes,
    datapointsToAlarm: 1,
  });
}

export interface NotStartingAlarmOptions {
  /** Visible messages while none is in flight. */
  readonly metric: cloudwatch.IMetric;
  /** Zero for no alarm. */
  readonly time?: Duration;
  /** What may be wrong, the end of a sentence. */
  readonly reason: string;
  readonly runbook: Runbook;
}

/** In ALARM when messages are visible and none is in flight: the symptom of every reason for which nothing starts. */
export function createNotStartingAlarm(
  scope: Construct,
  options: Omit<NotStartingAlarmOptions, 'time'>,
): cloudwatch.Alarm;
export function createNotStartingAlarm(
  scope: Construct,
  options: NotStartingAlarmOptions,
): cloudwatch.Alarm | undefined;
export function createNotStartingAlarm(
  scope: Construct,
  { metric, time = QueueAlarmDefaults.notStartingFor, reason, runbook }: NotStartingAlarmOptions,
): cloudwatch.Alarm | undefined {
  if (isNone(time)) {
    return undefined;
  }
  return createAlarm(scope, 'NotStartingAlarm', {
    description: `For ${time.toHumanString()}, messages of ${pathOf(scope)} were visible and none was in flight: ${reason}`,
    runbook,
    metric,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold: 0,
    evaluationPeriods: Math.ceil(time.toMinutes({ integral: false })),
  });
}

/** Visible messages of a queue while none is in flight. */
export function notStartedMetric(queue: IQueue): cloudwatch.MathExpression {
  const options = { period: Duration.minutes(1), statistic: cloudwatch.Stats.MAXIMUM };
  return new cloudwatch.MathExpression({
    expression: notStartedOf(['visible'], ['inFlight']),
    label: 'Visible, none in flight',
    period: options.period,
    usingMetrics: {
      visible: queue.metricApproximateNumberOfMessagesVisible(options),
      inFlight: queue.metricApproximateNumberOfMessagesNotVisible(options),
    },
  });
}

/** A quarter of the shortest retention, from a minute to a day. */
function defaultAge(queues: readonly IQueue[]): Duration {
  const shortest = Math.min(...queues.map(retentionSeconds));
  const seconds = Math.max(60, Math.floor(shortest * QueueAlarmDefaults.partOfRetention));
  return Duration.seconds(Math.min(seconds, QueueAlarmDefaults.oldestMessageAge.toSeconds()));
}

/** An imported queue, or one whose retention is known only at deployment, is taken for one with the default of SQS. */
function retentionSeconds(queue: IQueue): number {
  const given = queue instanceof Queue ? (queue.node.defaultChild as CfnQueue).messageRetentionPeriod : undefined;
  return given === undefined || Token.isUnresolved(given) ? WorkQueueDefaults.retentionPeriod.toSeconds() : given;
}
