import { type JobResult, type QueuePoller } from '../queue/index.js';
import { type EmfMetrics } from '../telemetry/index.js';

const COUNT_OF = {
  succeeded: 'jobsSucceeded',
  'handed-off': 'jobsSucceeded',
  failed: 'jobsFailed',
  poisoned: 'jobsPoisoned',
} as const satisfies Partial<Record<JobResult, unknown>>;

/** Records events of a poller as metrics, with the names used by the alarms and dashboards of the constructs. */
export function recordMetrics(poller: QueuePoller, metrics: EmfMetrics): void {
  poller.on('job:ended', ({ job, result, durationMs }) => {
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
      metrics.flush();
    }
  });
}
