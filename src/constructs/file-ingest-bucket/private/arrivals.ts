import {
  Stats,
  type Alarm,
  MathExpression,
  Metric,
  ComparisonOperator,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Duration } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IRule } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { CloudWatchLimits } from '../../../contract/service-limits';
import { createAlarm } from '../../private/alarm';
import { checkDuration, checkWholeNumber } from '../../private/checks';
import { pathOf } from '../../private/paths';
import { ValidationError } from '../../private/validation-error';
import type { ExpectFilesOptions } from '../expect-files-options';

const ALARM_ID = 'ArrivalAlarm';

/** What counts the files of a route: its rules, or the queue that S3 sends to itself. */
export interface ArrivalSource {
  readonly rules: readonly IRule[];
  readonly queue?: IQueue;
}

/**
 * In ALARM when too few files arrive, whatever the reason: a rule that is disabled matches no events, and neither does
 * one to whose bus S3 sends none.
 */
export function createArrivalAlarm(
  scope: Construct,
  sources: readonly ArrivalSource[],
  { atLeast = 1, every }: ExpectFilesOptions,
): Alarm {
  checkWholeNumber('atLeast', atLeast, { min: 1 }, scope);
  checkDuration('every', every, { min: 1, max: 7 * 1_440, unit: 'minutes' }, scope);
  if (scope.node.tryFindChild(ALARM_ID) !== undefined) {
    throw new ValidationError('expectFiles can be called once; call it with the shorter window', scope);
  }
  const metrics = sources.flatMap((source) => arrivals(source, every));
  if (metrics.length > CloudWatchLimits.maxMetricsPerAlarm) {
    throw new ValidationError(
      `expectFiles can count the files of ${CloudWatchLimits.maxMetricsPerAlarm} rules, the maximum of an alarm, got: ${metrics.length}; call it on the routes`,
      scope,
    );
  }
  return createAlarm(scope, ALARM_ID, {
    description: `Fewer than ${atLeast} files of ${pathOf(scope)} arrived within ${every.toHumanString()}`,
    runbook: 'files-missing',
    metric: sumOf(metrics, every),
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    threshold: atLeast,
    treatMissingData: TreatMissingData.BREACHING,
  });
}

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html */
function arrivals({ rules, queue }: ArrivalSource, period: Duration): Metric[] {
  const options = { period, statistic: Stats.SUM };
  return rules.length === 0 && queue !== undefined
    ? [queue.metricNumberOfMessagesSent(options)]
    : rules.map(
        ({ ruleName }) =>
          new Metric({
            namespace: 'AWS/Events',
            metricName: 'MatchedEvents',
            dimensionsMap: { RuleName: ruleName },
            ...options,
          }),
      );
}

/**
 * A window without files has no data point. CloudWatch would evaluate an older one in place of it, and the alarm would
 * come some windows late: a missing one is 0.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
function sumOf(metrics: readonly Metric[], period: Duration): MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`files${index + 1}`, metric]));
  return new MathExpression({
    expression: Object.keys(usingMetrics)
      .map((id) => `FILL(${id}, 0)`)
      .join(' + '),
    label: 'Files',
    period,
    usingMetrics,
  });
}
