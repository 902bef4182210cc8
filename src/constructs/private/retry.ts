/**
 * A retry in Amazon States Language: the delay doubles, up to `maxSeconds`, and is random up to that, so that a burst
 * spreads.
 *
 * @param seconds the first delay
 */
export function renderRetry(errors: readonly string[], seconds: number, attempts: number, maxSeconds?: number): object {
  return {
    ErrorEquals: errors,
    IntervalSeconds: seconds,
    ...(maxSeconds !== undefined && { MaxDelaySeconds: maxSeconds }),
    MaxAttempts: attempts,
    BackoffRate: 2,
    JitterStrategy: 'FULL',
  };
}
