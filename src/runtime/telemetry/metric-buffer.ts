import { type Clock, systemClock, type Timer } from '../support/clock.js';
import { tolerateClosedOutput } from '../support/closed-output.js';
import { type Dimensions, metricLine, type Unit } from './metric-line.js';

/** An embedded metric carries at most a hundred values in a line, and Powertools writes by itself when it has them. */
const MAX_VALUES = 99;
const DEFAULT_FLUSH_SECONDS = 60;

export interface EmfMetricsOptions {
  /** Seconds between lines, 1 or more. @default 60, the finest step of standard CloudWatch metrics */
  readonly flushSeconds?: number;
  /** Where lines go. @default - standard output, where CloudWatch Logs finds them */
  readonly write?: (line: string) => void;
  readonly clock?: Clock;
}

function standardOutput(): (line: string) => void {
  tolerateClosedOutput();
  return (line) => process.stdout.write(`${line}\n`);
}

interface Sample {
  readonly unit: Unit;
  readonly values: number[];
  seen: number;
}

interface Figures {
  readonly counts: Map<string, number>;
  readonly samples: Map<string, Sample>;
}

/**
 * CloudWatch metrics in the embedded metric format: sums of a minute in one log line for each name, such as that of a
 * queue, so that a busy program costs no more than a quiet one. Of more than 99 values of a metric in a minute, a
 * uniform sample is kept.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export class MetricBuffer {
  readonly #dimensionsOf: (name: string) => Dimensions;
  readonly #figures = new Map<string, Figures>();
  readonly #write: (line: string) => void;
  readonly #clock: Clock;
  readonly #flushMs: number;
  #timer: Timer | undefined;

  constructor(dimensionsOf: (name: string) => Dimensions, options: EmfMetricsOptions) {
    this.#dimensionsOf = dimensionsOf;
    this.#write = options.write ?? standardOutput();
    this.#clock = options.clock ?? systemClock;
    this.#flushMs = (options.flushSeconds ?? DEFAULT_FLUSH_SECONDS) * 1_000;
  }

  /** Adds to the sum of a metric. */
  count(of: string, metric: string, value: number): void {
    const { counts } = this.#of(of);
    counts.set(metric, (counts.get(metric) ?? 0) + value);
  }

  /** One value of a metric that has a distribution. */
  sample(of: string, metric: string, unit: Unit, value: number): void {
    const { samples } = this.#of(of);
    const sample = samples.get(metric) ?? { unit, values: [], seen: 0 };
    samples.set(metric, sample);
    sample.seen += 1;
    const place = sample.values.length < MAX_VALUES ? sample.values.length : Math.floor(Math.random() * sample.seen);
    if (place < MAX_VALUES) {
      sample.values[place] = value;
    }
  }

  /** A value of which only the greatest of a line counts. */
  peak(of: string, metric: string, unit: Unit, value: number): void {
    const { samples } = this.#of(of);
    const values = [Math.max(value, ...(samples.get(metric)?.values ?? []))];
    samples.set(metric, { unit, values, seen: 1 });
  }

  /** Writes what was counted since the last line. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const [of, { counts, samples }] of this.#figures) {
      this.#write(
        metricLine(this.#dimensionsOf(of), [
          ...Array.from(counts, ([metric, value]) => ({ metric, values: [value] })),
          ...Array.from(samples, ([metric, { unit, values }]) => ({ metric, unit, values })),
        ]),
      );
    }
    this.#figures.clear();
  }

  #of(of: string): Figures {
    this.#timer ??= this.#clock.after(this.#flushMs, () => this.flush());
    let figures = this.#figures.get(of);
    if (figures === undefined) {
      figures = { counts: new Map(), samples: new Map() };
      this.#figures.set(of, figures);
    }
    return figures;
  }
}
