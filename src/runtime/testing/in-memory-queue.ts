import { randomUUID } from 'node:crypto';
import { type MessageAttributes } from '../queue/transport.js';
import { SqsLimits } from '../../contract/service-limits.js';
import { type Clock } from '../support/clock.js';

const DEDUPLICATION_MS = 300_000;

export interface InMemoryQueueOptions {
  /** Keeps order inside groups, like a queue whose name ends in `.fifo`. @default false */
  readonly fifo?: boolean;
  /** Receives after which a message moves to the dead-letter queue, if there is one. @default 3 */
  readonly maxReceiveCount?: number;
  /** @default - none: messages stay for ever */
  readonly deadLetterQueue?: InMemoryQueue;
}

export interface StoredMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly traceHeader: string | undefined;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** Clock time from which it can be received. */
  visibleAt: number;
  /** Clock time of the newest receive, from which the 12 hours count. */
  receivedAt: number;
  receiveCount: number;
  receiptHandle: string | undefined;
}

/** What never changes of a message. */
type Fixed = Omit<StoredMessage, 'visibleAt' | 'receivedAt' | 'receiveCount' | 'receiptHandle'>;

export interface SendOptions {
  readonly attributes?: MessageAttributes;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly traceHeader?: string;
  readonly delaySeconds?: number;
}

/** A refusal in the words of SQS. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/**
 * One queue in memory, with visibility, the 12 hour limit, a dead-letter queue, FIFO groups and deduplication as in
 * SQS.
 */
export class InMemoryQueue {
  readonly #messages: StoredMessage[] = [];
  readonly #deduplication = new Map<string, { readonly id: string; readonly until: number }>();
  readonly #waiting = new Set<() => void>();
  readonly fifo: boolean;
  readonly maxReceiveCount: number;
  readonly deadLetterQueue: InMemoryQueue | undefined;
  /** Ids of deleted messages, in order. */
  readonly deleted: string[] = [];

  constructor(
    readonly url: string,
    private readonly clock: Clock,
    options: InMemoryQueueOptions = {},
  ) {
    this.fifo = options.fifo ?? url.endsWith('.fifo');
    this.maxReceiveCount = options.maxReceiveCount ?? 3;
    this.deadLetterQueue = options.deadLetterQueue;
  }

  /** What is on the queue, visible or not. */
  get messages(): readonly Readonly<StoredMessage>[] {
    return this.#messages;
  }

  get visible(): number {
    return this.#messages.filter((message) => this.#isVisible(message)).length;
  }

  get inFlight(): number {
    return this.#messages.length - this.visible;
  }

  /** Puts a message on the queue; an object is sent as JSON. Returns its id. */
  send(body: unknown, options: SendOptions = {}): string {
    const { groupId, deduplicationId, delaySeconds = 0 } = options;
    if (this.fifo && groupId === undefined) {
      throw new Error('MissingParameter: The request must contain the parameter MessageGroupId.');
    }
    const id = randomUUID();
    if (this.fifo && deduplicationId !== undefined) {
      const earlier = this.#deduplication.get(deduplicationId);
      if (earlier !== undefined && earlier.until > this.clock.now()) {
        return earlier.id;
      }
      this.#deduplication.set(deduplicationId, { id, until: this.clock.now() + DEDUPLICATION_MS });
    }
    this.#add(
      {
        id,
        body: typeof body === 'string' ? body : JSON.stringify(body),
        attributes: options.attributes ?? {},
        groupId,
        traceHeader: options.traceHeader,
        sentAt: this.clock.date().getTime(),
      },
      delaySeconds,
    );
    return id;
  }

  /** Takes up to `max` messages that are visible now. */
  take(max: number, visibilityTimeoutSeconds: number): Readonly<StoredMessage>[] {
    const taken: StoredMessage[] = [];
    const blocked = new Set(
      this.fifo ? this.#messages.filter((message) => !this.#isVisible(message)).map(({ groupId }) => groupId) : [],
    );
    for (const message of [...this.#messages]) {
      if (taken.length === max) {
        break;
      }
      if (!this.#isVisible(message) || blocked.has(message.groupId)) {
        continue;
      }
      if (this.deadLetterQueue !== undefined && message.receiveCount >= this.maxReceiveCount) {
        this.#messages.splice(this.#messages.indexOf(message), 1);
        this.deadLetterQueue.#add(message);
        continue;
      }
      message.receiveCount += 1;
      message.receiptHandle = `${message.id}#${message.receiveCount}`;
      message.receivedAt = this.clock.now();
      message.visibleAt = this.clock.now() + visibilityTimeoutSeconds * 1_000;
      taken.push(message);
    }
    return taken.map((message) => ({ ...message }));
  }

  /** As SQS does, an outdated handle of a standard queue succeeds and deletes nothing. */
  delete(receiptHandle: string): Refusal | undefined {
    const message = this.#messages.find((candidate) => candidate.receiptHandle === receiptHandle);
    if (message === undefined) {
      return receiptHandle.includes('#')
        ? undefined
        : { code: 'ReceiptHandleIsInvalid', message: 'The input receipt handle is invalid.' };
    }
    if (this.fifo && this.#isVisible(message)) {
      return {
        code: 'InvalidParameterValue',
        message: 'Value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.',
      };
    }
    this.#messages.splice(this.#messages.indexOf(message), 1);
    this.deleted.push(message.id);
    this.#wake();
    return undefined;
  }

  changeVisibility(receiptHandle: string, seconds: number): Refusal | undefined {
    const message = this.#messages.find((candidate) => candidate.receiptHandle === receiptHandle);
    const now = this.clock.now();
    if (message === undefined || message.visibleAt <= now) {
      return {
        code: 'InvalidParameterValue',
        message: 'Reason: Message does not exist or is not available for visibility timeout change.',
      };
    }
    if (now + seconds * 1_000 > message.receivedAt + SqsLimits.maxVisibilityTimeoutSeconds * 1_000) {
      return {
        code: 'InvalidParameterValue',
        message: `Reason: Total VisibilityTimeout for the message is beyond the limit [${SqsLimits.maxVisibilityTimeoutSeconds} seconds].`,
      };
    }
    message.visibleAt = now + seconds * 1_000;
    this.#wake();
    return undefined;
  }

  /** Resolves when the queue changed, when a message becomes visible, at `until`, or when the signal aborts. */
  async change(until: number, signal: AbortSignal): Promise<void> {
    const now = this.clock.now();
    const next = Math.min(until, ...this.#messages.map(({ visibleAt }) => visibleAt).filter((time) => time > now));
    await new Promise<void>((resolve) => {
      const done = () => {
        timer.cancel();
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.clock.after(next - now, done);
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** A message that moves to another queue keeps its id and the time it was sent. */
  #add({ id, body, attributes, groupId, traceHeader, sentAt }: Fixed, delaySeconds = 0): void {
    const visibleAt = this.clock.now() + delaySeconds * 1_000;
    this.#messages.push({
      id,
      body,
      attributes,
      groupId,
      traceHeader,
      sentAt,
      visibleAt,
      receivedAt: 0,
      receiveCount: 0,
      receiptHandle: undefined,
    });
    this.#wake();
  }

  #isVisible(message: StoredMessage): boolean {
    return message.visibleAt <= this.clock.now();
  }

  #wake(): void {
    [...this.#waiting].forEach((wake) => wake());
  }
}
