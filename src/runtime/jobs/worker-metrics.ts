import { type JobResult, type QueuePoller } from '../queue/index.js';
import { type Clock, systemClock, type Timer } from '../support/clock.js';
import { type JobInfo } from '../support/job-info.js';
import { type EmfMetrics } from '../telemetry/index.js';

/** The finest step of standard CloudWatch metrics. */
const AGE_EVERY_MS = 60_000;

const COUNT_OF = {
  succeeded: 'jobsSucceeded',
  'handed-off': 'jobsSucceeded',
  failed: 'jobsFailed',
  poisoned: 'jobsPoisoned',
} as const satisfies Partial<Record<JobResult, unknown>>;

/** Records events of a poller as metrics, with the names used by the alarms and dashboards of the constructs. */
export function recordMetrics(poller: QueuePoller, metrics: EmfMetrics, clock: Clock = systemClock): void {
  const ages = new MessageAges(metrics, clock);
  poller.on('job:started', ({ job }) => ages.started(job));
  poller.on('job:ended', ({ job, result, durationMs }) => {
    ages.ended(job);
    if (result in COUNT_OF) {
      metrics.count(job.queueName, COUNT_OF[result as keyof typeof COUNT_OF]);
    }
    metrics.duration(job.queueName, durationMs);
  });
  poller.on('lease:lost', ({ queueName }) => metrics.count(queueName, 'leasesLost'));
  poller.on('lease:extended', ({ queueName }) => metrics.count(queueName, 'leaseExtensions'));
  poller.on('api:called', ({ queueName }) => metrics.count(queueName, 'apiCalls'));
  poller.on('messages:received', ({ queueName, count }) => metrics.count(queueName, 'messagesReceived', count));
  poller.on('job:abandoned', ({ job }) => metrics.count(job.queueName, 'jobsAbandoned'));
  poller.on('message:unconfirmed', ({ queueName }) => metrics.count(queueName, 'messagesUnconfirmed'));
  poller.on('messages:released', ({ queueName, count }) => metrics.count(queueName, 'jobsReleased', count));
  poller.on('dependency:still-unavailable', ({ dependency, unavailableMs, sources }) =>
    sources.forEach((queueName) => metrics.dependencyUnavailable(queueName, dependency, unavailableMs)),
  );
  poller.on('state:changed', ({ to }) => {
    if (to === 'stopped') {
      ages.stop();
      metrics.flush();
    }
  });
}

/** The ages of the messages with a running handler, at its start and each minute. */
class MessageAges {
  readonly #metrics: EmfMetrics;
  readonly #clock: Clock;
  readonly #running = new Map<string, JobInfo>();
  #timer: Timer | undefined;

  constructor(metrics: EmfMetrics, clock: Clock) {
    this.#metrics = metrics;
    this.#clock = clock;
  }

  started(job: JobInfo): void {
    this.#running.set(job.messageId, job);
    this.#record(job);
    this.#timer ??= this.#clock.after(AGE_EVERY_MS, () => this.#recordAll());
  }

  ended({ messageId }: JobInfo): void {
    this.#running.delete(messageId);
    if (this.#running.size === 0) {
      this.stop();
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #recordAll(): void {
    this.#running.forEach((job) => this.#record(job));
    this.#timer = this.#clock.after(AGE_EVERY_MS, () => this.#recordAll());
  }

  #record({ queueName, sentAt }: JobInfo): void {
    if (sentAt !== undefined) {
      // The clock of SQS may be ahead
      this.#metrics.age(queueName, Math.max(0, Math.round((this.#clock.date().getTime() - sentAt) / 1_000)));
    }
  }
}
