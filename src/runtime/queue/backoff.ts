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
  const { baseSeconds = 2, factor = 2, maxSeconds = 900, jitter = 'full', random = Math.random } = options;
  return (attempt) => {
    const bound = Math.min(maxSeconds, baseSeconds * factor ** Math.max(0, attempt - 1));
    switch (jitter) {
      case 'none':
        return bound;
      case 'equal':
        return bound / 2 + (random() * bound) / 2;
      case 'full':
        return random() * bound;
    }
  };
}
