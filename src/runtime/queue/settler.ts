import { type Lease } from './lease.js';
import { type PollerListener } from './poller-events.js';
import { type QueuePolicy } from './queue-policy.js';
import {
  type EntryFailure,
  isHandleRefused,
  type MessageAttribute,
  type MessageAttributes,
  type QueueCalls,
  type ReceivedMessage,
  type VisibilityEntry,
} from './transport.js';
import { MessageAttributeNames } from '../../contract/job-message.js';
import { SqsLimits } from '../../contract/service-limits.js';
import { backoffDelay } from '../support/backoff.js';
import { type Clock, sleep, type Timer } from '../support/clock.js';
import { defined } from '../support/defined.js';

/** Visibility changes wait only long enough to share a call with others of the same moment. */
const VISIBILITY_LINGER_MS = 20;
/** Beside the SDK's retries of a call: for entries that fail, and for failures that outlast the SDK's retries. */
const DELETE_ATTEMPTS = 8;
const VISIBILITY_ATTEMPTS = 4;
const RETRY_MS = { base: 200, max: 10_000 };
const MAX_ATTRIBUTE_LENGTH = 1_000;

/** Deletes, releases and moves the messages of one queue, in batches and with retries. */
export class Settler {
  readonly #queue: { readonly name: string; readonly policy: QueuePolicy };
  readonly #calls: QueueCalls;
  readonly #clock: Clock;
  readonly #listener: PollerListener;
  readonly #maxLingeringJobMs: number;
  readonly #deletes: EntryBatcher<() => string>;
  readonly #visibilities: EntryBatcher<VisibilityEntry>;
  /** Deletes and releases without an answer, and the ids of their messages. */
  readonly #open = new Map<Promise<boolean>, string>();
  readonly #hurry = new AbortController();
  #gaveUp = false;

  /** @param deleteLingerMs how long the first delete of a batch waits for others */
  constructor(
    queue: { readonly name: string; readonly policy: QueuePolicy },
    calls: QueueCalls,
    options: { readonly clock: Clock; readonly deleteLingerMs: number },
    listener: PollerListener,
  ) {
    const linger = queue.policy.deleteLinger(options.deleteLingerMs);
    this.#queue = queue;
    this.#calls = calls;
    this.#clock = options.clock;
    this.#listener = listener;
    this.#maxLingeringJobMs = linger.maxJobMs;
    this.#deletes = new EntryBatcher(this.#clock, linger.ms, (handles) =>
      calls.delete(handles.map((handle) => handle())),
    );
    this.#visibilities = new EntryBatcher(this.#clock, VISIBILITY_LINGER_MS, (entries) =>
      calls.changeVisibility(entries),
    );
  }

  /** Deletes a finished message; resolves with whether SQS confirmed it. Keep its lease until then. */
  delete(lease: Lease, jobMs: number): Promise<boolean> {
    return this.#delete(lease.id, () => lease.receiptHandle, jobMs > this.#maxLingeringJobMs);
  }

  /** Deletes a finished message that was redelivered. */
  deleteAgain(messageId: string, receiptHandle: string): void {
    void this.#delete(messageId, () => receiptHandle, false);
  }

  /** Makes a message visible after `seconds`, a whole number; resolves with whether SQS confirmed it. */
  release({ id, receiptHandle }: Lease, seconds: number): Promise<boolean> {
    const entry = { receiptHandle, visibilityTimeoutSeconds: seconds };
    return this.#track(
      id,
      this.#repeat(
        VISIBILITY_ATTEMPTS,
        () => this.#visibilities.add(entry),
        (error, willRetry) => {
          if (!willRetry) {
            this.#listener.releaseFailed(this.#queue.name, id, error);
          }
        },
      ),
    );
  }

  /** Copies a message to the dead-letter queue with the reason; the message itself is to be deleted afterwards. */
  async copyToDeadLetterQueue(message: ReceivedMessage, deadLetterQueueUrl: string, reason: string): Promise<void> {
    const copy = {
      body: message.body,
      attributes: withAttributes(message.attributes, {
        [MessageAttributeNames.poisonReason]: reason,
        [MessageAttributeNames.sourceMessageId]: message.resent?.id ?? message.messageId,
      }),
      ...defined({ groupId: message.groupId, deduplicationId: this.#queue.policy.deduplicationId(message) }),
    };
    await this.#calls.send(copy, deadLetterQueueUrl);
  }

  /** Sends what waits for a batch. */
  async flush(): Promise<void> {
    await Promise.all([this.#deletes.flush(), this.#visibilities.flush()]);
  }

  /** From now on nothing waits for a batch, and retries wait only briefly. */
  hurry(): void {
    this.#hurry.abort();
    void this.flush();
  }

  /** Resolves when every delete and release was answered. */
  async finish(): Promise<void> {
    while (this.#open.size > 0) {
      await Promise.all([...this.#open.keys(), this.flush()]);
    }
  }

  /** From now on nothing is repeated or reported. Returns the ids of the messages whose call has no answer. */
  giveUp(): readonly string[] {
    this.#gaveUp = true;
    return [...this.#open.values()];
  }

  #delete(messageId: string, handle: () => string, urgent: boolean): Promise<boolean> {
    return this.#track(
      messageId,
      this.#repeat(
        DELETE_ATTEMPTS,
        (attempt) => this.#deletes.add(handle, urgent || attempt > 1 || this.#hurry.signal.aborted),
        (error, willRetry) => this.#listener.deleteFailed(this.#queue.name, messageId, error, willRetry),
      ),
    );
  }

  #track(messageId: string, promise: Promise<boolean>): Promise<boolean> {
    const tracked = promise.finally(() => this.#open.delete(tracked));
    this.#open.set(tracked, messageId);
    return tracked;
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
        isLast ||= isHandleRefused(failure);
      } catch (error) {
        problem = error;
      }
      if (this.#gaveUp) {
        return false;
      }
      onFailed(problem, !isLast);
      if (isLast) {
        return false;
      }
      await (this.#hurry.signal.aborted
        ? sleep(this.#clock, backoffDelay(1, RETRY_MS))
        : sleep(this.#clock, backoffDelay(attempt, RETRY_MS), this.#hurry.signal));
    }
  }
}

/** The attributes of a message with ours added: SQS allows ten, so the last ones of a full message are left out. */
export function withAttributes(
  original: MessageAttributes,
  ours: Readonly<Record<string, string>>,
): Record<string, MessageAttribute> {
  const kept = Object.entries(original).filter(
    (entry): entry is [string, MessageAttribute] => entry[1] !== undefined && !(entry[0] in ours),
  );
  const added = Object.entries(ours).map(([name, text]): [string, MessageAttribute] => [
    name,
    { DataType: 'String', StringValue: toAttributeText(text) },
  ]);
  return Object.fromEntries([...kept.slice(0, SqsLimits.maxAttributes - added.length), ...added]);
}

/** SQS refuses control characters and empty values. */
function toAttributeText(text: string): string {
  const clean = text
    .slice(0, MAX_ATTRIBUTE_LENGTH)
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/gu, ' ')
    .trim();
  return clean === '' ? 'none given' : clean;
}

interface Pending<Entry> {
  readonly entry: Entry;
  readonly resolve: (failure: EntryFailure | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Collects entries into batches, each sent when it is full, when its first entry has waited, or on `flush`. */
class EntryBatcher<Entry> {
  readonly #calls = new Set<Promise<void>>();
  #pending: Pending<Entry>[] = [];
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly lingerMs: number,
    private readonly send: (entries: readonly Entry[]) => Promise<readonly EntryFailure[]>,
  ) {}

  /** Resolves with the entry's own failure, if it has one; rejects when the whole call fails. */
  add(entry: Entry, urgent = false): Promise<EntryFailure | undefined> {
    const result = new Promise<EntryFailure | undefined>((resolve, reject) => {
      this.#pending.push({ entry, resolve, reject });
    });
    if (urgent || this.#pending.length >= SqsLimits.maxBatchEntries) {
      this.#sendPending();
    } else {
      this.#timer ??= this.clock.after(this.lingerMs, () => this.#sendPending());
    }
    return result;
  }

  /** Sends what is pending and resolves when no call is open. */
  async flush(): Promise<void> {
    this.#sendPending();
    await Promise.all(this.#calls);
  }

  #sendPending(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, SqsLimits.maxBatchEntries);
      const call = this.#send(batch).finally(() => this.#calls.delete(call));
      this.#calls.add(call);
    }
  }

  async #send(batch: readonly Pending<Entry>[]): Promise<void> {
    try {
      const failures = await this.send(batch.map(({ entry }) => entry));
      const failureOf = new Map(failures.map((failure) => [failure.index, failure]));
      batch.forEach(({ resolve }, index) => resolve(failureOf.get(index)));
    } catch (error) {
      batch.forEach(({ reject }) => reject(error));
    }
  }
}
