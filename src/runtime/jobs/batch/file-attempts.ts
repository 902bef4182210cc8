import { hasCode, type PoisonMessage, type RetryLater } from '../../errors.js';
import type { Backoff } from '../../queue/index.js';
import { type Clock, sleep } from '../../support/clock.js';
import { faultOf } from '../../support/faults.js';
import type { Logger } from '../../support/logger.js';
import { messageOf, readable } from '../../support/thrown.js';

const MAX_REASON_CHARACTERS = 1_000;
/** Other files that have to be done before a dependency counts as available; fewer if fewer are left. */
const MAX_ANSWERS = 3;

/** How work on a file ended. */
export type Attempted<T> = { readonly value: T } | { readonly reason: string };

export interface FileAttemptsOptions {
  readonly attempts: number;
  readonly retry: Backoff;
  readonly clock: Clock;
  /** Files on which work has to be done. */
  readonly total: number;
}

interface State {
  attempt: number;
  /** Files that have to be begun and done until a refusal counts; undefined if no dependency has refused this one. */
  answersLeft: number | undefined;
}

/**
 * The attempts of each file, over all its runs in this process.
 *
 * A file that a dependency refuses may be the cause, like an object that only this role may not read. So if other files
 * are done after that, a refusal uses up an attempt, too.
 */
export class FileAttempts {
  readonly #options: FileAttemptsOptions;
  readonly #states = new Map<string, State>();
  readonly #refused = new Set<State>();

  constructor(options: FileAttemptsOptions) {
    this.#options = options;
  }

  /**
   * Runs work on a file until it is done or has failed.
   *
   * @throws the error of a dependency that refuses the file; the reason of `signal`
   */
  async run<T>(
    key: string,
    signal: AbortSignal,
    log: Logger,
    work: (attempt: number) => Promise<T>,
  ): Promise<Attempted<T>> {
    const { attempts, retry, clock } = this.#options;
    const state = this.#stateOf(key);
    const waiting = [...this.#refused];
    for (;;) {
      try {
        const value = await work(state.attempt);
        this.#answered(state, waiting);
        return { value };
      } catch (thrown) {
        signal.throwIfAborted();
        const error = readable(thrown);
        if (faultOf(error).kind === 'world' && state.answersLeft !== 0) {
          state.answersLeft ??= Math.max(1, Math.min(MAX_ANSWERS, this.#options.total - this.#states.size));
          this.#refused.add(state);
          throw error;
        }
        const { attempt } = state;
        if (attempt >= attempts || hasCode<PoisonMessage>(error, 'ERR_POISON_MESSAGE')) {
          log.error({ err: error, attempt }, 'file failed');
          return { reason: messageOf(error).slice(0, MAX_REASON_CHARACTERS) };
        }
        const seconds = hasCode<RetryLater>(error, 'ERR_RETRY_LATER') ? error.seconds : retry(attempt);
        log.warn({ err: error, attempt, seconds }, 'file will be retried');
        state.attempt += 1;
        await sleep(clock, seconds * 1_000, signal);
        signal.throwIfAborted();
      }
    }
  }

  #stateOf(key: string): State {
    const state = this.#states.get(key) ?? { attempt: 1, answersLeft: undefined };
    this.#states.set(key, state);
    return state;
  }

  /** @param waiting files that had been refused before this one was begun */
  #answered(own: State, waiting: readonly State[]): void {
    this.#refused.delete(own);
    for (const state of waiting) {
      state.answersLeft = Math.max(0, (state.answersLeft ?? 0) - 1);
    }
  }
}
