/**
 * CloudWatch namespaces, metrics and dimensions, written by the runtime and read by the alarms and dashboards of the
 * constructs.
 */
export const METRIC_NAMESPACE = 'Fileworks';

export const WorkerMetrics = {
  /** Count: handlers that returned. */
  jobsSucceeded: 'JobsSucceeded',
  /** Count: handlers that threw; the message is released. */
  jobsFailed: 'JobsFailed',
  /** Count: messages sent directly to the dead-letter queue. */
  jobsPoisoned: 'JobsPoisoned',
  /** Milliseconds from the start of a handler to its end. */
  jobDuration: 'JobDuration',
  /** Count: leases lost while a handler was running or a message was waiting for a handler. */
  leasesLost: 'LeasesLost',
  /** Count: visibility extensions. */
  leaseExtensions: 'LeaseExtensions',
  /** Count: SQS calls; divide by MessagesReceived for the calls per message. */
  apiCalls: 'ApiCalls',
  /** Count: messages received from SQS, including redelivered ones. */
  messagesReceived: 'MessagesReceived',
  /** Count: messages released unfinished, because a worker stopped or could not start them soon. */
  jobsReleased: 'JobsReleased',
  /** Count: handlers that did not stop after their signal aborted. */
  jobsAbandoned: 'JobsAbandoned',
  /** Count: messages whose deletion or release was not confirmed by SQS. */
  messagesUnconfirmed: 'MessagesUnconfirmed',
  /** Seconds for which a dependency of jobs has been unavailable; no data point while all answer. */
  dependencyUnavailableTime: 'DependencyUnavailableTime',
  /**
   * Seconds since the dependencies of a task, which had waited for one, answered: in advance, for as long as waits can
   * have been reported in advance.
   */
  dependencyAnsweredTime: 'DependencyAnsweredTime',
  /**
   * Seconds since the oldest message with a running handler was sent: at the start of each handler, and each minute.
   * The metric of SQS passes over messages that were received three times.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
   */
  oldestMessageAge: 'OldestMessageAge',
} as const;

export const MetricDimensions = {
  /** Name of the queue. */
  queue: 'QueueName',
  /** Name of a dependency, beside the queue or the task that waits for it. */
  dependency: 'Dependency',
  /** Path of the construct that starts the task. */
  task: 'Task',
} as const;

/** Metrics that `ChunkedBatchWorkflow` reports for each finished prefix. */
export const BatchMetrics = {
  /** Count. */
  filesProcessed: 'BatchFilesProcessed',
  /** Count, including files of unfinished batches. */
  filesFailed: 'BatchFilesFailed',
} as const;

/** Path of the workflow. */
export const BATCH_METRIC_DIMENSION = 'Workflow';

/** Metrics of `TaskLifecycleAlerts`. */
export const AlertMetrics = {
  /** Count: alerts that are sent later, in a digest. */
  heldBack: 'AlertsHeldBack',
  /** Count: failed attempts to publish an alert or a digest; one a minute while a digest is due and cannot be sent. */
  undelivered: 'AlertsUndelivered',
} as const;

/** Path of the construct. */
export const ALERT_METRIC_DIMENSION = 'Alerts';
