import { DispatchFunctionEnv, DispatchMetricDimension } from '../../contract/dispatch-config';
import { MetricNamespace } from '../../contract/metric-names';
import { variable } from './environment';

/**
 * Writes metrics as a line of the log, from which CloudWatch takes them.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function putMetrics(values: Readonly<Record<string, number>>): void {
  const metrics = Object.keys(values).map((name) => ({ Name: name }));
  const line = {
    _aws: { Timestamp: Date.now(), CloudWatchMetrics: [{ Namespace: MetricNamespace, Dimensions: [[DispatchMetricDimension]], Metrics: metrics }] },
    [DispatchMetricDimension]: variable(DispatchFunctionEnv.name),
    ...values,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
