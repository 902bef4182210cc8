import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { METRIC_NAMESPACE, MetricDimensions, WorkerMetrics } from '../../contract/metric-names';
import { createAlarm } from './alarm';
import { nameOf, pathOf } from './paths';

/** Longer than a dependency can be unavailable. */
const NEVER_SECONDS = 1_000_000_000;

/**
 * In ALARM while work waits for a dependency. A short wait is below the threshold: a job whose own file is refused
 * pauses the others for seconds. A task that is replaced begins to count again, so one minute may be below it.
 *
 * @param work what waits, in the plural
 * @param metrics the greatest of them counts
 */
export function createDependencyUnavailableAlarm(
  scope: Construct,
  work: string,
  metrics: readonly cloudwatch.IMetric[],
): cloudwatch.Alarm {
  return createAlarm(scope, 'DependencyUnavailableAlarm', {
    ...settingsOf(scope, work),
    metric: greatestOf(metrics),
  });
}

function settingsOf(scope: Construct, work: string) {
  return {
    description: `${work} of ${pathOf(scope)} wait for a dependency that denies, throttles or does not answer; they continue by themselves when it is available again`,
    runbook: 'dependency-unavailable',
    threshold: 30,
    evaluationPeriods: 6,
    datapointsToAlarm: 5,
  } as const;
}

/**
 * There are data points only while something waits. Without newer ones, CloudWatch evaluates older ones in place of
 * them, and the alarm would stay in ALARM for six minutes after the recovery: a missing one is 0.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
function greatestOf(metrics: readonly cloudwatch.IMetric[]): cloudwatch.MathExpression {
  const usingMetrics = Object.fromEntries(
    metrics.map((metric, index) => [index === 0 ? 'unavailable' : `unavailable${index + 1}`, metric]),
  );
  const filled = Object.keys(usingMetrics).map((id) => `FILL(${id}, 0)`);
  return new cloudwatch.MathExpression({
    expression: filled.length === 1 ? filled[0] : `MAX([${filled.join(', ')}])`,
    label: 'Dependency unavailable',
    period: Duration.minutes(1),
    usingMetrics,
  });
}

/**
 * In ALARM while tasks, or what starts them, wait for a dependency. Each object or run waits by itself, and a wait is
 * reported in advance; it does not count any more when another task was answered since.
 */
export function createTasksUnavailableAlarm(scope: Construct, work: string): cloudwatch.Alarm {
  return createAlarm(scope, 'DependencyUnavailableAlarm', {
    ...settingsOf(scope, work),
    metric: new cloudwatch.MathExpression({
      // What is refused after an answer has waited for a shorter time than the answer is old
      expression: `IF(FILL(unavailable, 0) > FILL(answered, ${NEVER_SECONDS}), 0, FILL(unavailable, 0))`,
      label: 'Dependency unavailable',
      period: Duration.minutes(1),
      usingMetrics: {
        unavailable: taskUnavailableTime(scope),
        answered: taskMetric(scope, WorkerMetrics.dependencyAnsweredTime, cloudwatch.Stats.MINIMUM),
      },
    }),
  });
}

/** Seconds for which tasks of a construct have waited for a dependency; no data point while all answer. */
export function taskUnavailableTime(scope: Construct, props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
  return taskMetric(scope, WorkerMetrics.dependencyUnavailableTime, cloudwatch.Stats.MAXIMUM).with(props);
}

function taskMetric(scope: Construct, metricName: string, statistic: string): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { [MetricDimensions.task]: nameOf(scope) },
    period: Duration.minutes(1),
    statistic,
  });
}
