/**
 * Environment variables that `QueueScaledFargateWorker` sets in its container and `runWorker` reads.
 *
 * A worker needs no other configuration. All problems in them are reported together, by variable name.
 */
export const WorkerEnv = {
  /** URL of the job queue. Required. */
  queueUrl: 'FILEWORKS_QUEUE_URL',
  /** URL of the dead-letter queue, to which the worker sends poison messages directly. Optional. */
  deadLetterQueueUrl: 'FILEWORKS_DEAD_LETTER_QUEUE_URL',
  /** JSON array of `AdditionalQueueEntry`. Optional. */
  additionalQueues: 'FILEWORKS_ADDITIONAL_QUEUES',
  /** Weight of the first queue relative to the others, or its priority; 1 to 1000. Optional. */
  queueWeight: 'FILEWORKS_QUEUE_WEIGHT',
  /** A value of `QueueStrategy`. Optional: `weighted`. */
  queueStrategy: 'FILEWORKS_QUEUE_STRATEGY',
  /** Visibility timeout of received messages in seconds; 3 to 43200, because heartbeats need whole seconds. */
  visibilityTimeoutSeconds: 'FILEWORKS_VISIBILITY_TIMEOUT_SECONDS',
  /** Receives after which SQS moves a message to the dead-letter queue; 1 to 1000. */
  maxReceiveCount: 'FILEWORKS_MAX_RECEIVE_COUNT',
  /** Seconds between SIGTERM and SIGKILL, the container's stop timeout; 2 to 120. */
  stopTimeoutSeconds: 'FILEWORKS_STOP_TIMEOUT_SECONDS',
  /** Jobs that one task runs concurrently; 1 or more. */
  concurrency: 'FILEWORKS_CONCURRENCY',
  /** `enabled` if the task may protect itself from scale-in while it runs jobs, otherwise `disabled`. */
  scaleInProtection: 'FILEWORKS_SCALE_IN_PROTECTION',
  /** TCP port of `/livez` and `/readyz`; 1 to 65535. Absent: no health server. */
  healthPort: 'FILEWORKS_HEALTH_PORT',
  /** `trace`, `debug`, `info`, `warn`, `error` or `fatal`. */
  logLevel: 'FILEWORKS_LOG_LEVEL',
} as const;

/** An additional queue in the environment. */
export interface AdditionalQueueEntry {
  readonly url: string;
  readonly deadLetterQueueUrl?: string;
  readonly maxReceiveCount?: number;
  readonly weight: number;
}

/**
 * Values of `WorkerEnv.queueStrategy`: queues share the slots by weight, or a queue gets slots only while no queue with
 * a higher weight has messages.
 */
export const QueueStrategy = { weighted: 'weighted', strict: 'strict' } as const;

/** Values of `WorkerEnv.scaleInProtection`. */
export const ScaleInProtectionMode = { enabled: 'enabled', disabled: 'disabled' } as const;
