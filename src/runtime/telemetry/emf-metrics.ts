import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { MetricDimensions, MetricNamespace, WorkerMetrics } from '../../contract/metric-names.js';
import { type Clock, systemClock, type Timer } from '../support/clock.js';

/** An embedded metric carries at most a hundred values in a line, and Powertools writes by itself when it has them. */
const MaxValues = 99;
const DefaultFlushSeconds = 60;

export interface EmfMetricsOptions {
  /** Seconds between lines, 1 or more. @default 60, the finest step of standard CloudWatch metrics */
  readonly flushSeconds?: number;
  /** Where lines go. @default - standard output, where CloudWatch Logs finds them */
  readonly write?: (line: string) => void;
  readonly clock?: Clock;
}

type Count = Exclude<keyof typeof WorkerMetrics, 'jobDuration'>;

interface QueueFigures {
  readonly counts: Map<Count, number>;
  readonly durations: number[];
  seen: number;
}

/**
 * CloudWatch metrics in the embedded metric format: sums of a minute in one log line for each queue, so that a busy worker costs no more
 * than a quiet one. Of more than 99 durations in a minute, a uniform sample is kept.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export class EmfMetrics {
  readonly #figures = new Map<string, QueueFigures>();
  readonly #write: (line: string) => void;
  readonly #clock: Clock;
  readonly #flushMs: number;
  #timer: Timer | undefined;

  constructor(options: EmfMetricsOptions = {}) {
    this.#write = options.write ?? ((line) => process.stdout.write(`${line}\n`));
    this.#clock = options.clock ?? systemClock;
    this.#flushMs = (options.flushSeconds ?? DefaultFlushSeconds) * 1_000;
  }

  count(queueName: string, metric: Count, value = 1): void {
    const { counts } = this.#of(queueName);
    counts.set(metric, (counts.get(metric) ?? 0) + value);
  }

  duration(queueName: string, ms: number): void {
    const figures = this.#of(queueName);
    figures.seen += 1;
    if (figures.durations.length < MaxValues) {
      figures.durations.push(ms);
      return;
    }
    const place = Math.floor(Math.random() * figures.seen);
    if (place < MaxValues) {
      figures.durations[place] = ms;
    }
  }

  /** Writes what was counted since the last line. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const [queueName, { counts, durations }] of this.#figures) {
      const metrics = new Metrics({ namespace: MetricNamespace });
      // Powertools adds a dimension for a Lambda service; alarms ask for the queue alone.
      metrics.clearDefaultDimensions();
      metrics.addDimension(MetricDimensions.queue, queueName);
      counts.forEach((value, metric) => metrics.addMetric(WorkerMetrics[metric], MetricUnit.Count, value));
      durations.forEach((ms) => metrics.addMetric(WorkerMetrics.jobDuration, MetricUnit.Milliseconds, ms));
      this.#write(JSON.stringify(metrics.serializeMetrics()));
    }
    this.#figures.clear();
  }

  #of(queueName: string): QueueFigures {
    this.#timer ??= this.#clock.after(this.#flushMs, () => this.flush());
    let figures = this.#figures.get(queueName);
    if (figures === undefined) {
      figures = { counts: new Map(), durations: [], seen: 0 };
      this.#figures.set(queueName, figures);
    }
    return figures;
  }
}
