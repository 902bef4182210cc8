import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRIC_NAMESPACE } from '../../contract/metric-names.js';

/** Units of CloudWatch. The type of Powertools is not used: its declarations need `@types/aws-lambda`. */
export type Unit = 'Bytes' | 'Count' | 'Milliseconds' | 'None' | 'Percent' | 'Seconds';

/** Values of one metric, at most a hundred: CloudWatch sums them, or takes them for a distribution. */
export interface MetricValues {
  readonly metric: string;
  /** @default Count */
  readonly unit?: Unit;
  readonly values: readonly number[];
}

/** Names and values. */
export type Dimensions = Readonly<Record<string, string>>;

/**
 * A line for a log, from which CloudWatch takes metrics with these dimensions, all of them together.
 *
 * @param aheadMs how far in the future they are, at most two hours
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function metricLine(dimensions: Dimensions, figures: Iterable<MetricValues>, aheadMs = 0): string {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE });
  // Powertools adds a dimension for a Lambda service; alarms ask for these alone
  metrics.clearDefaultDimensions();
  metrics.addDimensions(dimensions);
  if (aheadMs > 0) {
    metrics.setTimestamp(Date.now() + aheadMs);
  }
  for (const { metric, unit = 'Count', values } of figures) {
    values.forEach((value) => metrics.addMetric(metric, unit, value));
  }
  return JSON.stringify(metrics.serializeMetrics());
}
