import { type PollerListener } from './poller-events.js';
import { type AttemptIds, type QueuePolicy } from './queue-policy.js';
import { type QueueCalls, type ReceivedMessage } from './transport.js';
import { SqsLimits } from '../../contract/service-limits.js';
import { CallTimeout } from '../errors.js';
import { backoffDelay } from '../support/backoff.js';
import { type Clock, type Timer } from '../support/clock.js';
import { defined } from '../support/defined.js';

const RETRY_MS = { base: 200, max: 20_000, jitter: 'equal' } as const;
/** Between receives that return empty before their wait time is over, as from a server without long polling. */
const EARLY_RETRY_MS = { base: 100, max: 1_000, jitter: 'equal' } as const;
/** What an answer takes beyond its wait time, the ways of request and answer included. */
const ANSWER_SLACK_MS = 2_000;
/** No retry waits for so long: failures before and after this time are not in a row. */
const ROW_ENDS_AFTER_MS = 60_000;
/** How long an empty answer says something about the queue. */
const QUIET_MS = 1_000;

export interface ReceiverOptions {
  readonly clock: Clock;
  readonly waitTimeSeconds: number;
  readonly visibilitySeconds: number;
  readonly maxReceivers: number;
}

/** What a receiver works for. */
export interface MessageConsumer {
  readonly queue: { readonly name: string; readonly policy: QueuePolicy };
  messagesReceived(messages: readonly ReceivedMessage[], times: ReceiveTimes): void;
  /** A receive ended, with or without messages; another one may be needed. */
  receiveEnded(): void;
}

export interface ReceiveTimes {
  /** Clock time of the request, from which SQS counts the 12 hours at the earliest. */
  readonly requestedAt: number;
  /** Clock time from which the messages are hidden at the latest: a blocked event loop can delay the answer. */
  readonly hiddenFrom: number;
}

export interface Demand {
  /** Messages needed, beyond those of open receives. */
  readonly messages: number;
  /** Minimum number of messages worth a receive; a small one costs as much as a large one. */
  readonly worthwhile: number;
  /** Whether to receive without a wait time, since other queues depend on the answer. */
  readonly probe: boolean;
}

/**
 * Receives from one queue with as many long polls at a time as the load needs: one while the queue is quiet, twice as
 * many after each answer that is at least half full, one again after an empty one.
 */
export class Receiver {
  readonly #consumer: MessageConsumer;
  readonly #calls: QueueCalls;
  readonly #options: ReceiverOptions;
  readonly #listener: PollerListener;
  readonly #attemptIds: AttemptIds;
  readonly #abort = new AbortController();
  /** Open receives, and the clock time at which the wait time of each is over. */
  readonly #open = new Map<Promise<void>, number>();
  #requested = 0;
  #openUntil = 0;
  #allowed = 1;
  #failures = 0;
  /** Empty answers in a row that came before their wait time was over. */
  #earlyAnswers = 0;
  #failingSince: number | undefined;
  #lastFailureAt = Number.NEGATIVE_INFINITY;
  #retry: Timer | undefined;
  #stopped = false;
  #lastAnswerEmpty = false;
  #lastEndAt = Number.NEGATIVE_INFINITY;

  constructor(consumer: MessageConsumer, calls: QueueCalls, options: ReceiverOptions, listener: PollerListener) {
    this.#consumer = consumer;
    this.#calls = calls;
    this.#options = options;
    this.#listener = listener;
    this.#attemptIds = consumer.queue.policy.createAttemptIds();
  }

  /** Messages that the open receives may bring. */
  get requested(): number {
    return this.#requested;
  }

  get open(): number {
    return this.#open.size;
  }

  /**
   * How long, from now, SQS may assign messages to an open receive, in milliseconds; 0 when none is open. One that has
   * just brought some counts.
   */
  get openForMs(): number {
    return this.#open.size === 0 ? 0 : Math.max(0, this.#openUntil - this.#options.clock.now());
  }

  /** Whether the last receive was empty, and ended recently or another one is open. */
  get isQuiet(): boolean {
    return this.#lastAnswerEmpty && (this.#open.size > 0 || this.#options.clock.now() - this.#lastEndAt < QUIET_MS);
  }

  get isFailing(): boolean {
    return this.#failingSince !== undefined;
  }

  /**
   * From the first to the last of the failures in a row, in milliseconds. Time after the last one does not count.
   */
  get failingForMs(): number {
    return this.#failingSince === undefined ? 0 : this.#lastFailureAt - this.#failingSince;
  }

  /** Opens receives for the demand, as far as they are worthwhile now. */
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
      const waitSeconds = demand.probe ? 0 : this.#options.waitTimeSeconds;
      const answerDueAt = this.#options.clock.now() + waitSeconds * 1_000;
      const receive = this.#receive(asked, waitSeconds).finally(() => {
        this.#requested -= asked;
        this.#open.delete(receive);
        this.#lastEndAt = this.#options.clock.now();
        this.#consumer.receiveEnded();
      });
      this.#open.set(receive, answerDueAt);
    }
  }

  /**
   * Opens no further receives and resolves when the open ones have ended.
   *
   * The open ones are not aborted: SQS may already have assigned messages to a long poll, and an abort would hide those
   * until their visibility timeout.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await Promise.all(this.#open.keys());
  }

  /** Aborts the open receives, when there is no time left to wait for answers. */
  abort(): void {
    this.#openUntil = 0;
    const now = this.#options.clock.now();
    const unanswered = [...this.#open.values()].filter((answerDueAt) => answerDueAt <= now).length;
    if (unanswered > 0) {
      this.#listener.receivesUnanswered(this.#consumer.queue.name, unanswered);
    }
    this.#abort.abort();
  }

  async #receive(maxMessages: number, waitSeconds: number): Promise<void> {
    const { clock, visibilitySeconds } = this.#options;
    const requestedAt = clock.now();
    if (requestedAt - this.#lastFailureAt > ROW_ENDS_AFTER_MS) {
      this.#failingSince = undefined;
    }
    this.#openUntil = Math.max(this.#openUntil, requestedAt + waitSeconds * 1_000 + ANSWER_SLACK_MS);
    const attemptId = this.#attemptIds.next(requestedAt);
    try {
      const messages = await this.#calls.receive(
        {
          maxMessages,
          waitTimeSeconds: waitSeconds,
          visibilityTimeoutSeconds: visibilitySeconds,
          ...defined({ attemptId }),
        },
        this.#abort.signal,
      );
      this.#failures = 0;
      this.#failingSince = undefined;
      this.#adapt(messages.length, maxMessages);
      this.#pace(messages.length === 0 && clock.now() < requestedAt + (waitSeconds * 1_000) / 2);
      if (messages.length > 0) {
        this.#consumer.messagesReceived(messages, {
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

  /** A real long poll paces the receives itself: an empty answer comes only when its wait time is over. */
  #pace(isEarly: boolean): void {
    this.#earlyAnswers = isEarly ? this.#earlyAnswers + 1 : 0;
    if (isEarly) {
      this.#retryAfter(backoffDelay(this.#earlyAnswers, EARLY_RETRY_MS));
    }
  }

  #retryAfter(ms: number): void {
    if (this.#stopped || this.#retry !== undefined) {
      return;
    }
    this.#retry = this.#options.clock.after(ms, () => {
      this.#retry = undefined;
      this.#consumer.receiveEnded();
    });
  }

  #failed(error: unknown, attemptId: string | undefined, requestedAt: number): void {
    const { clock } = this.#options;
    this.#failures += 1;
    this.#lastFailureAt = clock.now();
    this.#failingSince ??= this.#lastFailureAt;
    this.#allowed = 1;
    this.#attemptIds.answerLost(attemptId, requestedAt, clock.now());
    const isReset = error instanceof CallTimeout || isCredentialsError(error);
    if (isReset) {
      this.#calls.reset();
    }
    this.#listener.receiveFailed(this.#consumer.queue.name, error, this.#failures, isReset);
    // A call that timed out has taken long enough.
    this.#retryAfter(backoffDelay(error instanceof CallTimeout ? 1 : this.#failures, RETRY_MS));
  }
}

/** An expired request is none: it was signed with a wrong time, which the SDK corrects for its next call. */
function isCredentialsError(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name !== 'RequestExpired' &&
    /Expired|Credential|InvalidClientTokenId|UnrecognizedClient|AccessDenied|InvalidSecurity|NotAuthorized/i.test(
      error.name,
    )
  );
}
