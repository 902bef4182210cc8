import { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { createAlarm } from '../../private/alarm';
import { pathOf } from '../../private/paths';

/** In ALARM when whole invocations fail: an invalid configuration, a timeout, too little memory. */
export function createErrorAlarm(scope: Construct, handler: IFunction): cloudwatch.Alarm {
  return createAlarm(scope, 'ErrorAlarm', {
    description: `Invocations of ${pathOf(scope)} fail as a whole: see its log for an invalid configuration, a timeout or too little memory`,
    runbook: 'loader-errors',
    metric: handler.metricErrors({ period: Duration.minutes(5) }),
    threshold: 1,
  });
}
