import { backoffDelay } from '../support/backoff.js';

export interface RetryOptions {
  /** Attempts for a request, not counting those while the circuit is open. At least 1. @default 5 */
  readonly maxAttempts?: number;
  /**
   * Upper bound of the first delay, doubled for each further one; delays are random between 0 and the bound. At least
   * 0.
   * @default 200
   */
  readonly retryDelayMs?: number;
  /** Upper bound of delays, not including `Retry-After`. @default 20_000 */
  readonly maxRetryDelayMs?: number;
  /** Maximum `Retry-After`; with a longer one, the request fails as unavailable at once. @default 120 */
  readonly maxRetryAfterSeconds?: number;
}

/** Milliseconds before the attempt after `attempt`: full jitter, after the time that the server asked for. */
export function retryDelay(
  attempt: number,
  { retryDelayMs, maxRetryDelayMs }: Required<RetryOptions>,
  retryAfterSeconds = 0,
): number {
  return retryAfterSeconds * 1_000 + backoffDelay(attempt, { base: retryDelayMs, max: maxRetryDelayMs });
}

/**
 * Seconds of a `Retry-After` header, in either of its forms; undefined if absent. @see
 * https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterOf(headers: Headers, now: Date): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(value)) {
    return Number(value);
  }
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - now.getTime()) / 1_000);
}
