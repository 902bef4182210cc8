import { MetricDimensions, WorkerMetrics } from '../../contract/metric-names.js';
import { type EmfMetricsOptions, MetricBuffer } from './metric-buffer.js';

type Count = Exclude<keyof typeof WorkerMetrics, 'jobDuration'>;

/**
 * CloudWatch metrics of a worker, in the embedded metric format: a log line in a minute for each queue that had work.
 */
export class EmfMetrics {
  readonly #buffer: MetricBuffer;

  constructor(options: EmfMetricsOptions = {}) {
    this.#buffer = new MetricBuffer(MetricDimensions.queue, options);
  }

  count(queueName: string, metric: Count, value = 1): void {
    this.#buffer.count(queueName, WorkerMetrics[metric], value);
  }

  duration(queueName: string, ms: number): void {
    this.#buffer.sample(queueName, WorkerMetrics.jobDuration, 'Milliseconds', ms);
  }

  /** Writes what was counted since the last line. */
  flush(): void {
    this.#buffer.flush();
  }
}
