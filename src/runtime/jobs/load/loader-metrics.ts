import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { LoaderMetricDimension, LoaderMetrics } from '../../../contract/loader-env.js';
import { MetricNamespace } from '../../../contract/metric-names.js';
import type { LedgerFile } from '../../database/index.js';
import type { FileOutcome } from './file-loader.js';

const CountOf: Readonly<Record<FileOutcome['result'], keyof typeof LoaderMetrics>> = {
  'loaded': 'filesLoaded',
  'repeated': 'filesRepeated',
  'superseded': 'filesSuperseded',
  'rejected': 'filesRejected',
  'too-large': 'filesHandedOver',
  'failed': 'filesFailed',
};

/** Counts what became of files; the line for a log from which CloudWatch takes metrics. */
export function loaderMetrics(name: string, files: readonly { readonly file: LedgerFile; readonly outcome: FileOutcome }[]): string {
  const counts = new Map<keyof typeof LoaderMetrics, number>();
  const add = (metric: keyof typeof LoaderMetrics, value: number) => counts.set(metric, (counts.get(metric) ?? 0) + value);
  for (const { file, outcome } of files) {
    add(CountOf[outcome.result], 1);
    if (outcome.result === 'loaded') {
      add('rowsLoaded', outcome.rows ?? 0);
      add('bytesLoaded', file.object.size ?? 0);
    }
  }
  const metrics = new Metrics({ namespace: MetricNamespace });
  // Powertools adds a dimension for a Lambda service; alarms ask for the loader alone
  metrics.clearDefaultDimensions();
  metrics.addDimension(LoaderMetricDimension, name);
  counts.forEach((value, metric) => metrics.addMetric(LoaderMetrics[metric], metric === 'bytesLoaded' ? MetricUnit.Bytes : MetricUnit.Count, value));
  return JSON.stringify(metrics.serializeMetrics());
}
