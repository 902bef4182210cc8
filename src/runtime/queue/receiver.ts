import { randomUUID } from 'node:crypto';
import { type QueueCalls } from './queue-calls.js';
import { type ReceivedMessage } from './transport.js';
import { SqsLimits } from '../../contract/service-limits.js';
import { CallTimeout } from '../errors.js';
import { backoffDelay } from '../support/backoff.js';
import { type Clock, type Timer } from '../support/clock.js';

const RETRY_MS = { base: 200, max: 20_000, jitter: 'equal' } as const;
/** What an answer takes beyond its wait, from the request on its way to the answer on its way back. */
const ANSWER_SLACK_MS = 2_000;
/** No repetition waits for so long: a receive after this begins a new row, after a time when nothing was asked for. */
const ROW_ENDS_AFTER_MS = 60_000;
/** How long an empty answer says something about the queue. */
const QUIET_MS = 1_000;
/** SQS remembers the attempt id of a FIFO receive for five minutes; stay well inside. */
const ATTEMPT_ID_LIFE_MS = 240_000;

export interface ReceiverOptions {
  readonly calls: QueueCalls;
  readonly clock: Clock;
  readonly fifo: boolean;
  readonly waitTimeSeconds: number;
  readonly visibilitySeconds: number;
  readonly maxReceivers: number;
  readonly onMessages: (messages: readonly ReceivedMessage[], times: ReceiveTimes) => void;
  readonly onFailed: (error: unknown, consecutiveFailures: number) => void;
  /** A receive ended, with or without messages; there may be reason for another. */
  readonly onEnd: () => void;
}

export interface ReceiveTimes {
  /** Clock time of the request, from which SQS counts the 12 hours at the earliest. */
  readonly requestedAt: number;
  /**
   * Clock time from which the messages are hidden at the latest: an answer can wait here, behind a blocked event loop.
   */
  readonly hiddenFrom: number;
}

export interface Demand {
  /** Messages that could be used beyond those that are already asked for. */
  readonly messages: number;
  /** Ask for no fewer than this; small receives cost as much as large ones. */
  readonly worthwhile: number;
  /** Do not wait for messages: something else waits for the answer. */
  readonly probe: boolean;
}

/**
 * Receives from one queue with as many long polls at a time as the load needs: one while the queue is quiet, twice as
 * many after each
 * answer that is at least half full, one again after an empty one.
 */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #abort = new AbortController();
  readonly #open = new Set<Promise<void>>();
  #requested = 0;
  #openUntil = 0;
  #allowed = 1;
  #failures = 0;
  #failingSince: number | undefined;
  #lastFailureAt = Number.NEGATIVE_INFINITY;
  #retry: Timer | undefined;
  #attempt: { readonly id: string; readonly at: number } | undefined;
  #stopped = false;
  #lastAnswerEmpty = false;
  #lastEndAt = Number.NEGATIVE_INFINITY;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Messages asked for and not answered yet. */
  get requested(): number {
    return this.#requested;
  }

  get open(): number {
    return this.#open.size;
  }

  /**
   * How long, from now, an open receive may be given messages, in milliseconds; 0 when none is open. One that has just
   * brought some counts.
   */
  get openForMs(): number {
    return this.#open.size === 0 ? 0 : Math.max(0, this.#openUntil - this.#options.clock.now());
  }

  /** Whether the queue was empty when it was asked last, which was recently or is still being asked. */
  get isQuiet(): boolean {
    return this.#lastAnswerEmpty && (this.#open.size > 0 || this.#options.clock.now() - this.#lastEndAt < QUIET_MS);
  }

  get isFailing(): boolean {
    return this.#failingSince !== undefined;
  }

  /**
   * From the first to the last of the failures in a row, in milliseconds. A failure that nothing followed does not grow
   * old.
   */
  get failingForMs(): number {
    return this.#failingSince === undefined ? 0 : this.#lastFailureAt - this.#failingSince;
  }

  /** Opens receives for the demand, as far as that is worth it now. */
  fill(demand: Demand): void {
    let { messages } = demand;
    while (
      !this.#stopped &&
      this.#retry === undefined &&
      this.#open.size < this.#allowed &&
      messages >= demand.worthwhile
    ) {
      const asked = Math.min(messages, SqsLimits.maxBatchEntries);
      messages -= asked;
      this.#requested += asked;
      const receive = this.#receive(asked, demand.probe).finally(() => {
        this.#requested -= asked;
        this.#open.delete(receive);
        this.#lastEndAt = this.#options.clock.now();
        this.#options.onEnd();
      });
      this.#open.add(receive);
    }
  }

  /**
   * Opens no further receives and resolves when the open ones have ended.
   *
   * They are left to answer: SQS may already have assigned messages to a long poll, and cutting it would hide those
   * until their
   * visibility timeout.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await Promise.all(this.#open);
  }

  /** The last resort, when there is no time left to wait for answers. */
  abort(): void {
    this.#openUntil = 0;
    this.#abort.abort();
  }

  async #receive(maxMessages: number, probe: boolean): Promise<void> {
    const { calls, clock, fifo, waitTimeSeconds, visibilitySeconds } = this.#options;
    const requestedAt = clock.now();
    if (requestedAt - this.#lastFailureAt > ROW_ENDS_AFTER_MS) {
      this.#failingSince = undefined;
    }
    const waitSeconds = probe ? 0 : waitTimeSeconds;
    this.#openUntil = Math.max(this.#openUntil, requestedAt + waitSeconds * 1_000 + ANSWER_SLACK_MS);
    const attemptId = fifo ? this.#takeAttemptId(requestedAt) : undefined;
    try {
      const messages = await calls.receive(
        {
          maxMessages,
          waitTimeSeconds: waitSeconds,
          visibilityTimeoutSeconds: visibilitySeconds,
          ...(attemptId === undefined ? {} : { attemptId }),
        },
        this.#abort.signal,
      );
      this.#failures = 0;
      this.#failingSince = undefined;
      this.#adapt(messages.length, maxMessages);
      if (messages.length > 0) {
        this.#options.onMessages(messages, {
          requestedAt,
          hiddenFrom: Math.min(clock.now(), requestedAt + waitSeconds * 1_000 + ANSWER_SLACK_MS),
        });
      }
    } catch (error) {
      if (this.#abort.signal.aborted) {
        return;
      }
      this.#failed(error, attemptId, requestedAt);
    }
  }

  #adapt(received: number, asked: number): void {
    this.#lastAnswerEmpty = received === 0;
    if (received === 0) {
      this.#allowed = 1;
    } else if (received >= asked / 2) {
      this.#allowed = Math.min(this.#allowed * 2, this.#options.maxReceivers);
    } else {
      this.#allowed = Math.max(1, this.#allowed - 1);
    }
  }

  #failed(error: unknown, attemptId: string | undefined, requestedAt: number): void {
    const { clock } = this.#options;
    this.#failures += 1;
    this.#lastFailureAt = clock.now();
    this.#failingSince ??= this.#lastFailureAt;
    this.#allowed = 1;
    if (attemptId !== undefined && clock.now() - requestedAt < ATTEMPT_ID_LIFE_MS) {
      this.#attempt = { id: attemptId, at: requestedAt };
    }
    this.#options.onFailed(error, this.#failures);
    if (this.#stopped || this.#retry !== undefined) {
      return;
    }
    // After a call that hung there was waiting enough.
    const attempt = error instanceof CallTimeout ? 1 : this.#failures;
    this.#retry = clock.after(backoffDelay(attempt, RETRY_MS), () => {
      this.#retry = undefined;
      this.#options.onEnd();
    });
  }

  /**
   * The id of a receive whose answer was lost, so that SQS repeats the answer instead of hiding its messages; else a
   * new one.
   */
  #takeAttemptId(now: number): string {
    const lost = this.#attempt;
    this.#attempt = undefined;
    return lost !== undefined && now - lost.at < ATTEMPT_ID_LIFE_MS ? lost.id : randomUUID();
  }
}
