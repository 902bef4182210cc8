import { backoffDelay } from './backoff.js';
import { type Clock, sleep } from './clock.js';
import { faultOf } from './faults.js';

const BACKOFF = { base: 10_000, max: 60_000, factor: 1.5, jitter: 'equal' } as const;

export interface UntilAnsweredOptions {
  readonly clock: Clock;
  /** Ends the wait, but not a run. */
  readonly signal: AbortSignal;
  /** Waits are over after this time in milliseconds, measured from the first failure. */
  readonly maxMs: number;
  readonly onUnavailable: (dependency: string, error: unknown) => void;
}

/** Reports progress: the outage is over, even if the run fails later. */
export type Answered = () => void;

/**
 * Runs work again for as long as a dependency refuses it, at most once in five seconds, for work that has a process of
 * its own. Work of a queue waits in `Pauses`.
 *
 * @throws the last error: that of the work itself, or that of the dependency when the time is over or the signal aborts
 */
export async function untilAnswered<T>(
  run: (answered: Answered) => Promise<T>,
  options: UntilAnsweredOptions,
): Promise<T> {
  const { clock, signal, maxMs, onUnavailable } = options;
  let until: number | undefined;
  let attempt = 0;
  const answered = () => {
    until = undefined;
    attempt = 0;
  };
  for (;;) {
    try {
      return await run(answered);
    } catch (error) {
      const fault = faultOf(error);
      const { retryAfterSeconds = 0 } = fault.kind === 'world' ? fault : {};
      until ??= clock.now() + maxMs;
      attempt += 1;
      const ms = Math.max(backoffDelay(attempt, BACKOFF), retryAfterSeconds * 1_000);
      if (fault.kind !== 'world' || clock.now() + ms > until) {
        throw error;
      }
      onUnavailable(fault.dependency, error);
      await sleep(clock, ms, signal);
      if (signal.aborted) {
        throw error;
      }
    }
  }
}
