/** Seconds to wait before attempt number `attempt + 1`. */
export type Backoff = (attempt: number) => number;

export interface ExponentialBackoffOptions {
  /** Upper bound of the first wait. @default 2 */
  readonly baseSeconds?: number;
  /** Growth of the bound with each attempt. @default 2 */
  readonly factor?: number;
  /** The bound grows no further. @default 900 */
  readonly maxSeconds?: number;
  /**
   * `full`: anywhere from 0 to the bound, which spreads workers best. `equal`: from half of the bound to the bound.
   * `none`: the bound.
   *
   * @default full
   */
  readonly jitter?: 'full' | 'equal' | 'none';
  /** Source of numbers from 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/**
 * A bound of `base * factor ^ (attempt - 1)`, capped, with jitter.
 *
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export function exponentialBackoff(options: ExponentialBackoffOptions = {}): Backoff {
  const { baseSeconds = 2, maxSeconds = 900, ...rest } = options;
  return (attempt) => backoffDelay(attempt, { base: baseSeconds, max: maxSeconds, ...rest });
}

export interface BackoffDelayOptions extends Pick<ExponentialBackoffOptions, 'factor' | 'jitter' | 'random'> {
  /** Upper bound of the wait after the first attempt. */
  readonly base: number;
  readonly max: number;
}

/** The wait after attempt number `attempt`, in the unit of `base` and `max`: the one formula of every retry. */
export function backoffDelay(
  attempt: number,
  { base, max, factor = 2, jitter = 'full', random = Math.random }: BackoffDelayOptions,
): number {
  // A finite growth, since a base of 0 stays 0 after any number of attempts.
  const growth = Math.min(factor ** Math.max(0, attempt - 1), Number.MAX_VALUE);
  const bound = Math.min(max, base * growth);
  switch (jitter) {
    case 'none':
      return bound;
    case 'equal':
      return bound / 2 + (random() * bound) / 2;
    case 'full':
      return random() * bound;
  }
}
