import { backoffDelay } from '../support/backoff.js';

export interface RetryOptions {
  /**
   * Attempts for a request, at most two of them without an answer in time; 1 after a request whose attempts all failed,
   * until one succeeds. At least 1.
   * @default 5
   */
  readonly maxAttempts?: number;
  /**
   * Upper bound of the first delay, doubled for each further one; delays are random between 0 and the bound. At least
   * 0.
   * @default 200
   */
  readonly retryDelayMs?: number;
  /** Upper bound of delays, not including `Retry-After`. @default 20_000 */
  readonly maxRetryDelayMs?: number;
  /**
   * Maximum `Retry-After`, 0 to 900; a longer one counts as this. A request fails as unavailable at once when it is
   * longer than `maxRetryDelayMs`: its job then waits without a slot.
   * @default 900
   */
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

/** Statuses whose `Retry-After` says when to ask again; that of others, such as 404, is not about the API. */
const ASKS_TO_WAIT: ReadonlySet<number> = new Set([429, 503]);
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Seconds of a `Retry-After` header, in either of its forms: a whole number, or a date. Undefined if it is absent, has
 * another form, or its status does not ask to wait.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 * @see https://www.rfc-editor.org/rfc/rfc6585#section-4
 */
export function retryAfterOf({ status, headers }: Response, now: Date, maxSeconds: number): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  const seconds = /^\d+$/.test(value)
    ? Number(value)
    : HTTP_DATE.test(value)
      ? (Date.parse(value) - now.getTime()) / 1_000
      : Number.NaN;
  return ASKS_TO_WAIT.has(status) && !Number.isNaN(seconds) ? Math.min(maxSeconds, Math.max(0, seconds)) : undefined;
}
