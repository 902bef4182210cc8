import { METRIC_NAMESPACE } from '../../contract/metric-names';

/**
 * Writes metrics as a log line in embedded metric format.
 *
 * @param dimensions names and values
 * @see
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function writeMetrics(
  values: Readonly<Record<string, number>>,
  dimensions: Readonly<Record<string, string>>,
): void {
  const metrics = Object.keys(values).map((name) => ({ Name: name }));
  const line = {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [{ Namespace: METRIC_NAMESPACE, Dimensions: [Object.keys(dimensions)], Metrics: metrics }],
    },
    ...dimensions,
    ...values,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
