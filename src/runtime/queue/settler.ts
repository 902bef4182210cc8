import { EntryBatcher } from './entry-batcher.js';
import { type Lease } from './lease.js';
import { type QueueCalls } from './queue-calls.js';
import { type MessageAttribute, type MessageAttributes, type VisibilityEntry } from './transport.js';
import { MessageAttributeNames } from '../../contract/job-message.js';
import { SqsLimits } from '../../contract/service-limits.js';
import { type Clock, sleep } from '../support/clock.js';

/** Visibility changes wait only long enough to share a call with others of the same moment. */
const VisibilityLingerMs = 20;
const DeleteAttempts = 8;
const FirstDeleteRetryMs = 200;
const MaxDeleteRetryMs = 10_000;
const MaxReasonLength = 1_000;

export interface SettlerOptions {
  readonly calls: QueueCalls;
  readonly clock: Clock;
  readonly deleteLingerMs: number;
  readonly fifo: boolean;
  readonly onDeleteFailed: (messageId: string, error: unknown, willRetry: boolean) => void;
  readonly onReleaseFailed: (messageId: string, error: unknown) => void;
}

/** Tells a queue what became of its messages: deleted, hidden for a while, visible again, or moved to the dead-letter queue. */
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
      lingerMs: VisibilityLingerMs,
      send: (entries) => calls.changeVisibility(entries.map((entry) => entry())),
    });
  }

  /** Deletes a message whose work is done; resolves with whether SQS confirmed it. Keep its lease until then. */
  delete(lease: Lease, urgent: boolean): Promise<boolean> {
    return track(this.#deleting, this.#deleteWithRetries(lease.id, () => lease.receiptHandle, urgent));
  }

  /** Deletes a later delivery of a message whose work is done. */
  deleteAgain(messageId: string, receiptHandle: string): void {
    void track(this.#deleting, this.#deleteWithRetries(messageId, () => receiptHandle, false));
  }

  /** Makes a message visible after whole seconds from now; resolves with whether SQS confirmed it. */
  hide(messageId: string, receiptHandle: string, seconds: number): Promise<boolean> {
    return track(this.#releasing, this.#changeVisibility(messageId, { receiptHandle, visibilityTimeoutSeconds: seconds }));
  }

  /** Copies a message to the dead-letter queue with the reason; the message itself is to be deleted afterwards. */
  async moveToDeadLetterQueue(lease: Lease, deadLetterQueueUrl: string, reason: string): Promise<void> {
    const { message } = lease;
    await this.#options.calls.send({
      body: message.body,
      attributes: poisonAttributes(message.attributes, message.messageId, reason),
      ...(message.groupId === undefined ? {} : { groupId: message.groupId }),
      ...(this.#options.fifo ? { deduplicationId: message.messageId } : {}),
    }, deadLetterQueueUrl);
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

  async #deleteWithRetries(messageId: string, handle: () => string, urgent: boolean): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      let problem: unknown;
      let lastAttempt = attempt >= DeleteAttempts;
      try {
        const failure = await this.#deletes.add(handle, urgent || attempt > 1 || this.#hurry.signal.aborted);
        if (failure === undefined) {
          return true;
        }
        problem = new Error(`${failure.code}: ${failure.message}`);
        lastAttempt ||= /ReceiptHandleIsInvalid|InvalidParameterValue/i.test(failure.code);
      } catch (error) {
        problem = error;
      }
      this.#options.onDeleteFailed(messageId, problem, !lastAttempt);
      if (lastAttempt) {
        return false;
      }
      const bound = Math.min(MaxDeleteRetryMs, FirstDeleteRetryMs * 2 ** (attempt - 1));
      await (this.#hurry.signal.aborted
        ? sleep(this.#options.clock, Math.random() * FirstDeleteRetryMs)
        : sleep(this.#options.clock, Math.random() * bound, this.#hurry.signal));
    }
  }

  async #changeVisibility(messageId: string, entry: VisibilityEntry): Promise<boolean> {
    try {
      const failure = await this.#visibilities.add(() => entry);
      if (failure === undefined) {
        return true;
      }
      this.#options.onReleaseFailed(messageId, new Error(`${failure.code}: ${failure.message}`));
    } catch (error) {
      this.#options.onReleaseFailed(messageId, error);
    }
    return false;
  }
}

/** SQS allows ten attributes; ours win over the last ones of a message that is full. */
function poisonAttributes(original: MessageAttributes, messageId: string, reason: string): Record<string, MessageAttribute> {
  const kept = Object.entries(original).filter((entry): entry is [string, MessageAttribute] => entry[1] !== undefined).filter(([name]) => !name.startsWith('fileworks-poison') && name !== MessageAttributeNames.sourceMessageId);
  return {
    ...Object.fromEntries(kept.slice(0, 8)),
    [MessageAttributeNames.poisonReason]: { DataType: 'String', StringValue: toAttributeText(reason) },
    [MessageAttributeNames.sourceMessageId]: { DataType: 'String', StringValue: messageId },
  };
}

/** SQS refuses control characters and empty values. */
function toAttributeText(text: string): string {
  const clean = text.slice(0, MaxReasonLength).replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/gu, ' ').trim();
  return clean === '' ? 'no reason given' : clean;
}

function track<T>(set: Set<Promise<T>>, promise: Promise<T>): Promise<T> {
  const tracked = promise.finally(() => set.delete(tracked));
  set.add(tracked);
  return tracked;
}
