import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ALERT_METRIC_DIMENSION, AlertMetrics, METRIC_NAMESPACE } from '../../../contract/metric-names';
import { createAlarm } from '../../private/alarm';
import { nameOf, pathOf } from '../../private/paths';
import { AlertDefaults } from '../defaults';

/** A metric of the function that sends alerts. */
export function alertMetric(alerts: Construct, metricName: string, props: cloudwatch.MetricOptions): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { [ALERT_METRIC_DIMENSION]: nameOf(alerts) },
    ...props,
  });
}

/** The clock tries to publish each minute, so the metric has a data point for each minute of an outage. */
export function createUndeliveredAlarm(alerts: Construct): cloudwatch.Alarm {
  return createAlarm(alerts, 'UndeliveredAlarm', {
    description: `Alerts of ${pathOf(alerts)} cannot be published; they are kept and sent when that is possible`,
    runbook: 'alerts-undelivered',
    metric: alertMetric(alerts, AlertMetrics.undelivered, {
      statistic: cloudwatch.Stats.SUM,
      period: AlertDefaults.clockInterval,
    }),
    threshold: 1,
    evaluationPeriods: AlertDefaults.undeliveredEvaluations,
    datapointsToAlarm: AlertDefaults.undeliveredDatapoints,
  });
}

/** Runs of a function that is denied, throttled or has no rule are missing; those that fail are subtracted. */
export function createStoppedAlarm(alerts: Construct, alertFunction: IFunction): cloudwatch.Alarm {
  const period = AlertDefaults.clockInterval;
  return createAlarm(alerts, 'StoppedAlarm', {
    description: `The function that sends the alerts of ${pathOf(alerts)} has stopped: failures raise no alerts`,
    runbook: 'alerts-stopped',
    metric: new cloudwatch.MathExpression({
      label: 'successful runs',
      expression: 'runs - FILL(errors, 0)',
      usingMetrics: {
        runs: alertFunction.metricInvocations({ period }),
        errors: alertFunction.metricErrors({ period }),
      },
      period,
    }),
    comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
    threshold: 1,
    evaluationPeriods: AlertDefaults.stoppedEvaluations,
    treatMissingData: cloudwatch.TreatMissingData.BREACHING,
  });
}
