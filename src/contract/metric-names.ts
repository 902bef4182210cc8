/**
 * CloudWatch namespaces, metrics and dimensions that the runtime writes and the constructs' alarms and dashboards read.
 */
export const METRIC_NAMESPACE = 'Fileworks';

export const WorkerMetrics = {
  /** Count: handlers that returned. */
  jobsSucceeded: 'JobsSucceeded',
  /** Count: handlers that threw; the message goes back to the queue. */
  jobsFailed: 'JobsFailed',
  /** Count: messages sent to the dead-letter queue at once. */
  jobsPoisoned: 'JobsPoisoned',
  /** Milliseconds from the start of a handler to its end. */
  jobDuration: 'JobDuration',
  /** Count: leases lost while a handler was running or a message waited for one. */
  leasesLost: 'LeasesLost',
  /** Count: visibility extensions. */
  leaseExtensions: 'LeaseExtensions',
  /** Count: calls to SQS; divide by MessagesReceived for the cost of one. */
  apiCalls: 'ApiCalls',
  /** Count: messages that SQS delivered, repeated ones included. */
  messagesReceived: 'MessagesReceived',
  /** Count: messages given back unfinished, because a worker stopped or could not start them soon. */
  jobsReleased: 'JobsReleased',
  /** Count: handlers that did not end after their signal aborted. */
  jobsAbandoned: 'JobsAbandoned',
  /** Count: messages whose delete or release SQS did not confirm. */
  messagesUnconfirmed: 'MessagesUnconfirmed',
} as const;

export const MetricDimensions = {
  /** Name of the queue. */
  queue: 'QueueName',
} as const;

/** What `ChunkedBatchWorkflow` reports when a prefix is done. */
export const BatchMetrics = {
  /** Count. */
  filesProcessed: 'BatchFilesProcessed',
  /** Count: files of batches that nobody finished are among them. */
  filesFailed: 'BatchFilesFailed',
} as const;

/** Path of the workflow. */
export const BATCH_METRIC_DIMENSION = 'Workflow';
