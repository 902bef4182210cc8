import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** Rings when invocations fail as a whole: a configuration that is not usable, a timeout, too little memory. */
export function createErrorAlarm(scope: Construct, handler: IFunction, actions: cloudwatch.IAlarmAction[] = []): cloudwatch.Alarm {
  return createAlarm(scope, 'ErrorAlarm', actions, {
    alarmDescription: `Invocations of ${scope.node.path} fail as a whole: see its log for a configuration that is not usable, a timeout or too little memory`,
    metric: handler.metricErrors({ period: Duration.minutes(5) }),
    threshold: 1,
  });
}

/** Rings when a message is older than it should ever be, whatever the reason. */
export function createOldestMessageAlarm(
  scope: Construct, metric: cloudwatch.IMetric, age: Duration, actions: cloudwatch.IAlarmAction[] = [],
): cloudwatch.Alarm {
  return createAlarm(scope, 'OldestMessageAlarm', actions, {
    alarmDescription: `The oldest file of ${scope.node.path} waits, or fails and comes again, for ${age.toHumanString()} or more`,
    metric,
    threshold: age.toSeconds(),
  });
}

function createAlarm(scope: Construct, id: string, actions: cloudwatch.IAlarmAction[], props: Omit<cloudwatch.AlarmProps, 'evaluationPeriods'>): cloudwatch.Alarm {
  const alarm = new cloudwatch.Alarm(scope, id, {
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods: 1,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    ...props,
  });
  alarm.addAlarmAction(...actions);
  return alarm;
}
