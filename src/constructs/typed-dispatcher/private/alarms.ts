import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { DISPATCH_METRIC_DIMENSION, DispatchMetrics } from '../../../contract/dispatch-config';
import { METRIC_NAMESPACE } from '../../../contract/metric-names';
import { createAlarm, type AlarmOptions } from '../../private/alarm';
import { nameOf, pathOf } from '../../private/paths';
import { createNotStartingAlarm, notStartedMetric } from '../../private/queue-alarms';
import { DispatcherDefaults } from '../defaults';

/** A metric of the dispatcher's functions. */
export function dispatchMetric(
  dispatcher: Construct,
  metricName: string,
  props: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { [DISPATCH_METRIC_DIMENSION]: nameOf(dispatcher) },
    statistic: cloudwatch.Stats.MAXIMUM,
    period: Duration.minutes(1),
    ...props,
  });
}

export interface DispatchAlarms {
  readonly blocked: cloudwatch.Alarm;
  readonly queuedAge: cloudwatch.Alarm;
  readonly eventAge: cloudwatch.Alarm;
  readonly refused: cloudwatch.Alarm;
  readonly sweeper: cloudwatch.Alarm;
  readonly notLaunching: cloudwatch.Alarm;
}

export interface DispatchAlarmOptions {
  readonly events: IQueue;
  readonly wakes: IQueue;
  readonly queuedAge: Duration;
}

export function createAlarms(
  dispatcher: Construct,
  { events, wakes, queuedAge }: DispatchAlarmOptions,
): DispatchAlarms {
  const alarm = (id: string, options: AlarmOptions) => createAlarm(dispatcher, id, options);
  return {
    blocked: alarm('BlockedAlarm', {
      description: `A file of ${pathOf(dispatcher)} blocks its sequence: redrive or skip it with the operator function`,
      runbook: 'dispatcher-blocked',
      metric: dispatchMetric(dispatcher, DispatchMetrics.blockedFiles),
      threshold: 1,
      treatMissingData: cloudwatch.TreatMissingData.IGNORE,
    }),
    queuedAge: alarm('QueuedAgeAlarm', {
      description: `A file of ${pathOf(dispatcher)} has waited for its turn for ${queuedAge.toHumanString()}: its sequence is blocked, paused or overloaded`,
      runbook: 'dispatcher-queued-age',
      metric: dispatchMetric(dispatcher, DispatchMetrics.oldestQueuedAge),
      threshold: queuedAge.toSeconds(),
      treatMissingData: cloudwatch.TreatMissingData.IGNORE,
    }),
    eventAge: alarm('EventAgeAlarm', {
      description: `Events for ${pathOf(dispatcher)} are not registered: its ingress function fails or is throttled`,
      runbook: 'dispatcher-event-age',
      metric: events.metricApproximateAgeOfOldestMessage({
        period: Duration.minutes(1),
        statistic: cloudwatch.Stats.MAXIMUM,
      }),
      threshold: DispatcherDefaults.alarmOldestEventAge.toSeconds(),
    }),
    refused: alarm('RefusedAlarm', {
      description: `ECS has refused launches of ${pathOf(dispatcher)} for a quarter of an hour; they are retried, but files wait`,
      runbook: 'dispatcher-refused',
      metric: dispatchMetric(dispatcher, DispatchMetrics.launchesRefused, {
        statistic: cloudwatch.Stats.SUM,
        period: Duration.minutes(5),
      }),
      threshold: 1,
      evaluationPeriods: 3,
    }),
    sweeper: alarm('SweeperAlarm', {
      description: `The sweeper of ${pathOf(dispatcher)} has stopped: lost events and crashes are not recovered`,
      runbook: 'dispatcher-sweeper',
      metric: dispatchMetric(dispatcher, DispatchMetrics.sweeps, {
        statistic: cloudwatch.Stats.SUM,
      }),
      comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: DispatcherDefaults.alarmNoSweepMinutes,
      treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    }),
    notLaunching: createNotStartingAlarm(dispatcher, {
      metric: notStartedMetric(wakes),
      reason: 'the event source mapping of its launcher is disabled, or may not receive messages',
      runbook: 'dispatcher-not-launching',
    }),
  };
}
