import { type Clock, systemClock } from './clock.js';
import { type Logger, silentLogger, unfailing } from './logger.js';
import { readable } from './thrown.js';
import { untilAnswered } from './until-answered.js';

export interface UntilWrittenOptions {
  /** Ends the attempts: the lease of the job is lost, or its process stops. */
  readonly signal?: AbortSignal | undefined;
  /** @default - for as long as the signal allows */
  readonly maxMs?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/**
 * Writes the result of work that is done, again while the dependency is unavailable: a result that cannot be written is
 * no failure of the work. `write` MUST be idempotent.
 *
 * @throws the last error of `write`
 */
export async function untilWritten<T>(write: () => Promise<T>, options: UntilWrittenOptions = {}): Promise<T> {
  const { signal = new AbortController().signal, maxMs = Infinity, clock = systemClock, log = silentLogger } = options;
  const onUnavailable = (dependency: string, error: unknown) =>
    unfailing(log).warn({ dependency, err: readable(error) }, 'dependency is unavailable: the result is written again');
  return untilAnswered(write, { clock, signal, maxMs, onUnavailable });
}
