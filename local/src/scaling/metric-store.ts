import type { MetricName, Series } from './read-template';

/** Minutes of samples that are kept; alarms may evaluate a day. */
const KEPT_MINUTES = 1_500;

const STATISTICS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Average: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => Math.max(...values),
  Minimum: (values) => Math.min(...values),
  SampleCount: (values) => values.length,
};

/** One sample a minute of each metric, from which periods and statistics are computed. */
export class MetricStore {
  readonly #samples = new Map<string, Map<number, number>>();

  put(metric: MetricName, minute: number, value: number): void {
    const key = keyOf(metric);
    const samples = this.#samples.get(key) ?? new Map<number, number>();
    samples.set(minute, value);
    samples.delete(minute - KEPT_MINUTES);
    this.#samples.set(key, samples);
  }

  /**
   * The data points of the last `count` periods that end with `minute`, oldest first; undefined for a missing one.
   */
  points(series: Series, minute: number, count: number): (number | undefined)[] {
    const length = Math.max(1, Math.round(series.periodSeconds / 60));
    return Array.from({ length: count }, (_, index) => {
      const last = minute - (count - 1 - index) * length;
      return this.#value(series, series.result, last, length);
    });
  }

  #value(series: Series, id: string, last: number, length: number): number | undefined {
    const source = series.sources.get(id);
    if (source?.kind === 'expression') {
      return source.evaluate((name) => (name === id ? undefined : this.#value(series, name, last, length)));
    }
    const samples = source && this.#samples.get(keyOf(source.metric));
    const values = Array.from({ length }, (_, back) => samples?.get(last - back)).filter(
      (value) => value !== undefined,
    );
    const statistic = source && STATISTICS[source.stat];
    return values.length === 0 ? undefined : statistic?.(values);
  }
}

function keyOf({ namespace, name, dimensions }: MetricName): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);
}
