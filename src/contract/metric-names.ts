/** CloudWatch namespaces, metrics and dimensions that the runtime writes and the constructs' alarms and dashboards read. */
export const MetricNamespace = 'Fileworks';

export const WorkerMetrics = {
  /** Count: handlers that returned. */
  jobsSucceeded: 'JobsSucceeded',
  /** Count: handlers that threw; the message goes back to the queue. */
  jobsFailed: 'JobsFailed',
  /** Count: messages sent to the dead-letter queue at once. */
  jobsPoisoned: 'JobsPoisoned',
  /** Milliseconds from the start of a handler to its end. */
  jobDuration: 'JobDuration',
  /** Count: leases lost while a handler was running. */
  leasesLost: 'LeasesLost',
  /** Count: visibility extensions. */
  leaseExtensions: 'LeaseExtensions',
  /** Count: calls to SQS; divide by messages for the cost of one. */
  apiCalls: 'ApiCalls',
  /** Count: messages given back unfinished when a worker stopped. */
  jobsReleased: 'JobsReleased',
} as const;

export const MetricDimensions = {
  /** Name of the queue. */
  queue: 'QueueName',
} as const;
