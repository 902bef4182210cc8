/**
 * The environment variables that `QueueScaledFargateWorker` writes into its container and `runWorker` reads.
 *
 * A worker that starts with these needs no other configuration; every problem in them is reported together, by name.
 */
export const WorkerEnv = {
  /** URL of the queue to work on. Required. */
  queueUrl: 'FILEWORKS_QUEUE_URL',
  /** URL of the dead-letter queue, where the worker puts poison messages at once. Optional. */
  deadLetterQueueUrl: 'FILEWORKS_DEAD_LETTER_QUEUE_URL',
  /** JSON array of `AdditionalQueueEntry`. Optional. */
  additionalQueues: 'FILEWORKS_ADDITIONAL_QUEUES',
  /** Share of the first queue among the others, or its rank; 1 to 1000. Optional. */
  queueWeight: 'FILEWORKS_QUEUE_WEIGHT',
  /** A value of `QueueStrategy`. Optional: `weighted`. */
  queueStrategy: 'FILEWORKS_QUEUE_STRATEGY',
  /**
   * Seconds that a received message stays hidden before it must be extended; 3 to 43200, since heartbeats need whole
   * seconds.
   */
  visibilityTimeoutSeconds: 'FILEWORKS_VISIBILITY_TIMEOUT_SECONDS',
  /** Receives after which SQS moves a message to the dead-letter queue; 1 to 1000. */
  maxReceiveCount: 'FILEWORKS_MAX_RECEIVE_COUNT',
  /** Seconds between SIGTERM and SIGKILL, the container's stop timeout; 2 to 120. */
  stopTimeoutSeconds: 'FILEWORKS_STOP_TIMEOUT_SECONDS',
  /** Jobs that one task runs at the same time; 1 or more. */
  concurrency: 'FILEWORKS_CONCURRENCY',
  /** `enabled` when the task may protect itself from scale-in while it works, else `disabled`. */
  scaleInProtection: 'FILEWORKS_SCALE_IN_PROTECTION',
  /** TCP port of `/livez` and `/readyz`; 1 to 65535. Absent: no health server. */
  healthPort: 'FILEWORKS_HEALTH_PORT',
  /** `trace`, `debug`, `info`, `warn`, `error` or `fatal`. */
  logLevel: 'FILEWORKS_LOG_LEVEL',
} as const;

/** A queue beside the first one, as the environment names it. */
export interface AdditionalQueueEntry {
  readonly url: string;
  readonly deadLetterQueueUrl?: string;
  readonly maxReceiveCount?: number;
  readonly weight: number;
}

/**
 * Values of `WorkerEnv.queueStrategy`: queues share the slots by their weights, or one gets none while another with a
 * higher weight has messages.
 */
export const QueueStrategy = { weighted: 'weighted', strict: 'strict' } as const;

/** Values of `WorkerEnv.scaleInProtection`. */
export const ScaleInProtectionMode = { enabled: 'enabled', disabled: 'disabled' } as const;
