import type { MetricName, Series } from './read-template';
import type { Datum } from '../types';
import { statistic } from './statistics';

/** Minutes of data that are kept; alarms may evaluate a week. */
const KEPT_MINUTES = 7 * 24 * 60;

/** The data of each metric by minute, from which periods and statistics are computed. */
export class MetricStore {
  readonly #data = new Map<string, Map<number, Datum[]>>();

  /** Sets the one value of a minute. */
  put(metric: MetricName, minute: number, value: number): void {
    this.#minutes(metric, minute).set(minute, [{ count: 1, sum: value, min: value, max: value }]);
  }

  /** Adds to the data of a minute. */
  add(metric: MetricName, minute: number, datum: Datum): void {
    const minutes = this.#minutes(metric, minute);
    minutes.set(minute, [...(minutes.get(minute) ?? []), datum]);
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
    const minutes = source && this.#data.get(keyOf(source.metric));
    const data = Array.from({ length }, (_, back) => minutes?.get(last - back) ?? []).flat();
    return source && data.length > 0 ? statistic(source.stat)?.(data) : undefined;
  }

  #minutes(metric: MetricName, newest: number): Map<number, Datum[]> {
    const key = keyOf(metric);
    const minutes = this.#data.get(key) ?? new Map<number, Datum[]>();
    this.#data.set(key, minutes);
    for (const minute of minutes.keys()) {
      if (minute > newest - KEPT_MINUTES) {
        break;
      }
      minutes.delete(minute);
    }
    return minutes;
  }
}

function keyOf({ namespace, name, dimensions }: MetricName): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);
}
