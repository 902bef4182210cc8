/**
 * How a worker without tasks is woken: what its wake-up queue receives, and what the Lambda function behind that is
 * told.
 */

/** The message that wakes. Always the same, so that content-based deduplication lets one pass in five minutes. */
export const WakeUpMessage = { body: { wakeUp: true }, groupId: 'wake-up' } as const;

/**
 * Seconds until a message that is not done with is received again: how often a wake-up looks at the queues of jobs.
 */
export const WAKE_UP_INTERVAL_SECONDS = 60;

/** Environment variables of the Lambda function. */
export const WakeUpEnv = {
  /** URLs of the queues of jobs, with a space between two. */
  queueUrls: 'FILEWORKS_QUEUE_URLS',
  /** The service as Application Auto Scaling names it: `service/<cluster>/<service>`. */
  service: 'FILEWORKS_SCALABLE_SERVICE',
  /** The fewest tasks while nothing is woken. */
  minTasks: 'FILEWORKS_MIN_TASKS',
  /** The most tasks. */
  maxTasks: 'FILEWORKS_MAX_TASKS',
  /** Messages that one task is meant for; more than 0, not always whole. */
  messagesPerTask: 'FILEWORKS_MESSAGES_PER_TASK',
} as const;
