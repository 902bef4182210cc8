import { backoffDelay } from '../support/backoff.js';

export interface RetryOptions {
  /** Attempts for a request; those that are made while the circuit is open do not count. At least 1. @default 5 */
  readonly maxAttempts?: number;
  /**
   * Upper end of the first wait, doubled with each further one; waits are random between 0 and that. At least 0.
   * @default 200
   */
  readonly retryDelayMs?: number;
  /** Upper end of every wait that the server does not ask for. @default 20_000 */
  readonly maxRetryDelayMs?: number;
  /** Longest wait that a server may ask for; one that asks for more is unavailable at once. @default 120 */
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
 * Seconds that `Retry-After` asks to wait, in either of its forms; undefined when it says nothing. @see
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
