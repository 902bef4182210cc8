import { EntryBatcher } from './entry-batcher.js';
import { type Lease } from './lease.js';
import { withAttributes } from './message-attributes.js';
import { type QueueCalls } from './queue-calls.js';
import { type EntryFailure, type VisibilityEntry } from './transport.js';
import { MessageAttributeNames } from '../../contract/job-message.js';
import { SqsLimits } from '../../contract/service-limits.js';
import { backoffDelay } from '../support/backoff.js';
import { type Clock, sleep } from '../support/clock.js';

/** Visibility changes wait only long enough to share a call with others of the same moment. */
const VISIBILITY_LINGER_MS = 20;
/**
 * The SDK repeats a call that fails, too; these are for entries that fail, and for what outlasts the SDK's patience.
 */
const DELETE_ATTEMPTS = 8;
const VISIBILITY_ATTEMPTS = 4;
const RETRY_MS = { base: 200, max: 10_000 };

export interface SettlerOptions {
  readonly calls: QueueCalls;
  readonly clock: Clock;
  readonly deleteLingerMs: number;
  readonly fifo: boolean;
  readonly onDeleteFailed: (messageId: string, error: unknown, willRetry: boolean) => void;
  readonly onReleaseFailed: (messageId: string, error: unknown) => void;
}

/**
 * Tells a queue what became of its messages: deleted, hidden for a while, visible again, or moved to the dead-letter
 * queue.
 */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #deletes: EntryBatcher<() => string>;
  readonly #visibilities: EntryBatcher<() => VisibilityEntry>;
  readonly #deleting = new Set<Promise<boolean>>();
  readonly #releasing = new Set<Promise<boolean>>();
  readonly #hurry = new AbortController();

  constructor(options: SettlerOptions) {
    this.#options = options;
    const { calls, clock } = options;
    const maxEntries = SqsLimits.maxBatchEntries;
    this.#deletes = new EntryBatcher({
      clock,
      maxEntries,
      lingerMs: options.deleteLingerMs,
      send: (handles) => calls.delete(handles.map((handle) => handle())),
    });
    this.#visibilities = new EntryBatcher({
      clock,
      maxEntries,
      lingerMs: VISIBILITY_LINGER_MS,
      send: (entries) => calls.changeVisibility(entries.map((entry) => entry())),
    });
  }

  /** Deletes a message whose work is done; resolves with whether SQS confirmed it. Keep its lease until then. */
  delete(lease: Lease, urgent: boolean): Promise<boolean> {
    return track(
      this.#deleting,
      this.#deleteWithRetries(lease.id, () => lease.receiptHandle, urgent),
    );
  }

  /** Deletes a later delivery of a message whose work is done. */
  deleteAgain(messageId: string, receiptHandle: string): void {
    void track(
      this.#deleting,
      this.#deleteWithRetries(messageId, () => receiptHandle, false),
    );
  }

  /** Makes a message visible after whole seconds from now; resolves with whether SQS confirmed it. */
  hide(messageId: string, receiptHandle: string, seconds: number): Promise<boolean> {
    return track(this.#releasing, this.#changeVisibility(messageId, receiptHandle, seconds));
  }

  /** Copies a message to the dead-letter queue with the reason; the message itself is to be deleted afterwards. */
  async moveToDeadLetterQueue(lease: Lease, deadLetterQueueUrl: string, reason: string): Promise<void> {
    const { message } = lease;
    await this.#options.calls.send(
      {
        body: message.body,
        attributes: withAttributes(message.attributes, {
          [MessageAttributeNames.poisonReason]: reason,
          [MessageAttributeNames.sourceMessageId]: message.messageId,
        }),
        ...(message.groupId === undefined ? {} : { groupId: message.groupId }),
        ...(this.#options.fifo ? { deduplicationId: message.messageId } : {}),
      },
      deadLetterQueueUrl,
    );
  }

  /** Sends what waits for company. */
  async flush(): Promise<void> {
    await Promise.all([this.#deletes.flush(), this.#visibilities.flush()]);
  }

  /** From now on nothing waits for company, and retries wait only briefly. */
  hurry(): void {
    this.#hurry.abort();
    void this.flush();
  }

  /** Resolves when nothing is under way. */
  async finish(): Promise<void> {
    while (this.#deleting.size + this.#releasing.size > 0) {
      await Promise.all([...this.#deleting, ...this.#releasing, this.flush()]);
    }
  }

  #deleteWithRetries(messageId: string, handle: () => string, urgent: boolean): Promise<boolean> {
    return this.#repeat(
      DELETE_ATTEMPTS,
      (attempt) => this.#deletes.add(handle, urgent || attempt > 1 || this.#hurry.signal.aborted),
      (error, willRetry) => {
        this.#options.onDeleteFailed(messageId, error, willRetry);
      },
    );
  }

  #changeVisibility(messageId: string, receiptHandle: string, seconds: number): Promise<boolean> {
    const entry = { receiptHandle, visibilityTimeoutSeconds: seconds };
    return this.#repeat(
      VISIBILITY_ATTEMPTS,
      () => this.#visibilities.add(() => entry),
      (error, willRetry) => {
        if (!willRetry) {
          this.#options.onReleaseFailed(messageId, error);
        }
      },
    );
  }

  /** Resolves with whether an attempt succeeded. A refused receipt handle is final. */
  async #repeat(
    attempts: number,
    call: (attempt: number) => Promise<EntryFailure | undefined>,
    onFailed: (error: unknown, willRetry: boolean) => void,
  ): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      let problem: unknown;
      let isLast = attempt >= attempts;
      try {
        const failure = await call(attempt);
        if (failure === undefined) {
          return true;
        }
        problem = new Error(`${failure.code}: ${failure.message}`);
        isLast ||= /ReceiptHandleIsInvalid|InvalidParameterValue|MessageNotInflight/i.test(failure.code);
      } catch (error) {
        problem = error;
      }
      onFailed(problem, !isLast);
      if (isLast) {
        return false;
      }
      await (this.#hurry.signal.aborted
        ? sleep(this.#options.clock, backoffDelay(1, RETRY_MS))
        : sleep(this.#options.clock, backoffDelay(attempt, RETRY_MS), this.#hurry.signal));
    }
  }
}

function track<T>(set: Set<Promise<T>>, promise: Promise<T>): Promise<T> {
  const tracked = promise.finally(() => set.delete(tracked));
  set.add(tracked);
  return tracked;
}
