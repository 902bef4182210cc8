/**
 * How a service that gets no Spot capacity falls back to on-demand: what its queue receives, and what the Lambda
 * function behind that is told.
 */

/**
 * The message of a placement that failed. Always the same, so that content-based deduplication lets one pass in five
 * minutes.
 */
export const SpotFallbackMessage = { body: { spotUnavailable: true }, groupId: 'spot-fallback' } as const;

/** Environment variables of the Lambda function. */
export const SpotFallbackEnv = {
  cluster: 'FILEWORKS_CLUSTER',
  service: 'FILEWORKS_SERVICE',
  /** The capacity provider strategy of the template, as JSON in the words of ECS. */
  strategy: 'FILEWORKS_CAPACITY_STRATEGY',
  queueUrl: 'FILEWORKS_QUEUE_URL',
  /** Seconds from the last failed placement until Spot is tried again. */
  holdSeconds: 'FILEWORKS_HOLD_SECONDS',
} as const;
