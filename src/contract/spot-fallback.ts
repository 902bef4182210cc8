/**
 * Fallback of a service without Spot capacity to on-demand: message of its queue, and environment of its Lambda
 * function.
 */

/**
 * The message of a failed placement. Its content is constant, so that content-based deduplication accepts one in five
 * minutes.
 */
export const SpotFallbackMessage = { body: { spotUnavailable: true }, groupId: 'spot-fallback' } as const;

/** Environment variables of the Lambda function. */
export const SpotFallbackEnv = {
  cluster: 'FILEWORKS_CLUSTER',
  service: 'FILEWORKS_SERVICE',
  /** The capacity provider strategy of the template, as JSON in the format of the ECS API. */
  strategy: 'FILEWORKS_CAPACITY_STRATEGY',
  queueUrl: 'FILEWORKS_QUEUE_URL',
  /** Seconds from the last failed placement until Spot is used again. */
  holdSeconds: 'FILEWORKS_HOLD_SECONDS',
} as const;
