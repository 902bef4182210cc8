import { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { createAlarm } from '../../private/alarm';

/** Rings when invocations fail as a whole: a configuration that is not usable, a timeout, too little memory. */
export function createErrorAlarm(
  scope: Construct,
  handler: IFunction,
  actions?: cloudwatch.IAlarmAction[],
): cloudwatch.Alarm {
  return createAlarm(scope, 'ErrorAlarm', {
    description: `Invocations of ${scope.node.path} fail as a whole: see its log for a configuration that is not usable, a timeout or too little memory`,
    runbook: 'loader-errors',
    metric: handler.metricErrors({ period: Duration.minutes(5) }),
    threshold: 1,
    actions,
  });
}

/** Rings when a message is older than it should ever be, whatever the reason. */
export function createOldestMessageAlarm(
  scope: Construct,
  metric: cloudwatch.IMetric,
  age: Duration,
  actions?: cloudwatch.IAlarmAction[],
): cloudwatch.Alarm {
  return createAlarm(scope, 'OldestMessageAlarm', {
    description: `The oldest file of ${scope.node.path} waits, or fails and comes again, for ${age.toHumanString()} or more`,
    runbook: 'loader-oldest-message',
    metric,
    threshold: age.toSeconds(),
    actions,
  });
}
