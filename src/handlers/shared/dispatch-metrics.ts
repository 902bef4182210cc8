import {
  DispatchFunctionEnv,
  DISPATCH_METRIC_DIMENSION,
  DISPATCH_TYPE_DIMENSION,
} from '../../contract/dispatch-config';
import { METRIC_NAMESPACE } from '../../contract/metric-names';
import { variable } from './environment';

/**
 * Writes metrics of the dispatcher, or of one of its types, as a log line in embedded metric format.
 *
 * @see
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function putMetrics(values: Readonly<Record<string, number>>, type?: string): void {
  const metrics = Object.keys(values).map((name) => ({ Name: name }));
  const dimensions =
    type === undefined ? [DISPATCH_METRIC_DIMENSION] : [DISPATCH_METRIC_DIMENSION, DISPATCH_TYPE_DIMENSION];
  const line = {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [{ Namespace: METRIC_NAMESPACE, Dimensions: [dimensions], Metrics: metrics }],
    },
    [DISPATCH_METRIC_DIMENSION]: variable(DispatchFunctionEnv.name),
    ...(type !== undefined && { [DISPATCH_TYPE_DIMENSION]: type }),
    ...values,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
