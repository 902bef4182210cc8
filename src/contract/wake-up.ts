/** Wake-up of a worker service without tasks: message of its wake-up queue, and environment of its Lambda function. */

/** The wake-up message. Its content is constant, so that content-based deduplication accepts one in five minutes. */
export const WakeUpMessage = { body: { wakeUp: true }, groupId: 'wake-up' } as const;

/** Seconds until an unfinished message is received again: the interval in which a wake-up checks the job queues. */
export const WAKE_UP_INTERVAL_SECONDS = 60;

/** Environment variables of the Lambda function. */
export const WakeUpEnv = {
  /** URLs of the job queues, separated by spaces. */
  queueUrls: 'FILEWORKS_QUEUE_URLS',
  /** The service as an Application Auto Scaling resource id: `service/<cluster>/<service>`. */
  service: 'FILEWORKS_SCALABLE_SERVICE',
  /** Minimum task count without a wake-up. */
  minTasks: 'FILEWORKS_MIN_TASKS',
  /** Maximum task count. */
  maxTasks: 'FILEWORKS_MAX_TASKS',
  /** Target number of messages per task; more than 0, not necessarily an integer. */
  messagesPerTask: 'FILEWORKS_MESSAGES_PER_TASK',
} as const;
