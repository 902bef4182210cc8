import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { createAlarm } from './alarm';
import { pathOf } from './paths';

/**
 * In ALARM when Lambda throttles any of the functions for ten minutes: a reserved concurrency that is too low or 0, or
 * an account that has reached its limit. Single throttles are normal, and are retried.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 */
export function createThrottleAlarm(scope: Construct, functions: readonly IFunction[]): cloudwatch.Alarm {
  const metrics = functions.map((fn) => fn.metricThrottles({ period: Duration.minutes(5) }));
  return createAlarm(scope, 'ThrottleAlarm', {
    description: `Lambda has throttled functions of ${pathOf(scope)} for ten minutes; events and messages wait`,
    runbook: 'function-throttled',
    metric: metrics.length === 1 ? metrics[0] : sumOf(metrics),
    threshold: 1,
    evaluationPeriods: 2,
  });
}

function sumOf(metrics: readonly cloudwatch.Metric[]): cloudwatch.MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`throttles${index + 1}`, metric]));
  return new cloudwatch.MathExpression({
    expression: `SUM([${Object.keys(usingMetrics).join(', ')}])`,
    label: 'Throttles',
    period: Duration.minutes(5),
    usingMetrics,
  });
}
