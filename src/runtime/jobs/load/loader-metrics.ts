import { LOADER_METRIC_DIMENSION, LoaderMetrics } from '../../../contract/loader-env.js';
import type { LedgerFile } from '../../database/index.js';
import { metricLine } from '../../telemetry/index.js';
import { outageLines } from '../outage-report.js';
import type { FileOutcome } from './file-loader.js';

const COUNT_OF: Readonly<Record<FileOutcome['result'], keyof typeof LoaderMetrics>> = {
  loaded: 'filesLoaded',
  repeated: 'filesRepeated',
  superseded: 'filesSuperseded',
  rejected: 'filesRejected',
  'too-large': 'filesHandedOver',
  failed: 'filesFailed',
};

/** Counts outcomes of files; returns a log line in embedded metric format. */
export function loaderMetrics(
  name: string,
  files: readonly { readonly file: LedgerFile; readonly outcome: FileOutcome }[],
): string {
  const counts = new Map<keyof typeof LoaderMetrics, number>();
  const add = (metric: keyof typeof LoaderMetrics, value: number) =>
    counts.set(metric, (counts.get(metric) ?? 0) + value);
  for (const { file, outcome } of files) {
    add(COUNT_OF[outcome.result], 1);
    if (outcome.result === 'loaded') {
      add('rowsLoaded', outcome.rows ?? 0);
      add('bytesLoaded', file.object.size ?? 0);
    }
  }
  return metricLine(
    { [LOADER_METRIC_DIMENSION]: name },
    Array.from(
      counts,
      ([metric, value]) =>
        ({
          metric: LoaderMetrics[metric],
          unit: metric === 'bytesLoaded' ? 'Bytes' : 'Count',
          values: [value],
        }) as const,
    ),
  );
}

/** A refused file is tried again after a delay and the batching window; the alarm needs data for each minute. */
const REPORTED_MINUTES = 3;

/**
 * For how long a dependency of the loader has been unavailable, now and in the next minutes; log lines in embedded
 * metric format.
 */
export function outageMetrics(name: string, dependency: string, seconds: number): string[] {
  return Array.from({ length: REPORTED_MINUTES }, (_, minute) =>
    outageLines(name, dependency, seconds + 60 * minute, 60_000 * minute),
  ).flat();
}
