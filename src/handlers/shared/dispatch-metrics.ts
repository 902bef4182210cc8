import { DispatchFunctionEnv, DispatchMetricDimension, DispatchTypeDimension } from '../../contract/dispatch-config';
import { MetricNamespace } from '../../contract/metric-names';
import { variable } from './environment';

/**
 * Writes metrics as a line of the log, from which CloudWatch takes them: of the dispatcher, or of one of its types.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function putMetrics(values: Readonly<Record<string, number>>, type?: string): void {
  const metrics = Object.keys(values).map((name) => ({ Name: name }));
  const dimensions = type === undefined ? [DispatchMetricDimension] : [DispatchMetricDimension, DispatchTypeDimension];
  const line = {
    _aws: { Timestamp: Date.now(), CloudWatchMetrics: [{ Namespace: MetricNamespace, Dimensions: [dimensions], Metrics: metrics }] },
    [DispatchMetricDimension]: variable(DispatchFunctionEnv.name),
    ...(type !== undefined && { [DispatchTypeDimension]: type }),
    ...values,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
