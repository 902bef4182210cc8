import { MetricDimensions, WorkerMetrics } from '../../contract/metric-names.js';
import { type EmfMetricsOptions, MetricBuffer } from './metric-buffer.js';

type Count = Exclude<keyof typeof WorkerMetrics, 'jobDuration' | 'dependencyUnavailableTime' | 'oldestMessageAge'>;

const SEPARATOR = '\n';

/**
 * CloudWatch metrics of a worker, in the embedded metric format: a log line in a minute for each queue that had work.
 */
export class EmfMetrics {
  readonly #buffer: MetricBuffer;
  /** By queue and dependency. */
  readonly #dependencies: MetricBuffer;

  constructor(options: EmfMetricsOptions = {}) {
    this.#buffer = new MetricBuffer((queue) => ({ [MetricDimensions.queue]: queue }), options);
    this.#dependencies = new MetricBuffer((names) => {
      const [queue = '', dependency = ''] = names.split(SEPARATOR);
      return { [MetricDimensions.queue]: queue, [MetricDimensions.dependency]: dependency };
    }, options);
  }

  count(queueName: string, metric: Count, value = 1): void {
    this.#buffer.count(queueName, WorkerMetrics[metric], value);
  }

  duration(queueName: string, ms: number): void {
    this.#buffer.sample(queueName, WorkerMetrics.jobDuration, 'Milliseconds', ms);
  }

  /** Jobs of a queue have waited for a dependency for `ms` milliseconds so far. */
  dependencyUnavailable(queueName: string, dependency: string, ms: number): void {
    const { dependencyUnavailableTime } = WorkerMetrics;
    this.#buffer.sample(queueName, dependencyUnavailableTime, 'Seconds', ms / 1_000);
    this.#dependencies.sample(
      [queueName, dependency].join(SEPARATOR),
      dependencyUnavailableTime,
      'Seconds',
      ms / 1_000,
    );
  }

  /** Seconds since a message was sent. */
  age(queueName: string, seconds: number): void {
    this.#buffer.peak(queueName, WorkerMetrics.oldestMessageAge, 'Seconds', seconds);
  }

  /** Writes what was counted since the last line. */
  flush(): void {
    this.#buffer.flush();
    this.#dependencies.flush();
  }
}
