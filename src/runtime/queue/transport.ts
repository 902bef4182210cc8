import { type PollerListener, type QueueOperation } from './poller-events.js';
import { bounded, type BoundedOptions } from '../support/bounded.js';
import { type Clock } from '../support/clock.js';

/** A message as SQS delivered it. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** MD5 digest of the body in hexadecimal, as the queue service states it. @default - the body is not verified */
  readonly bodyMd5?: string;
  /** Deliveries so far, this one included. */
  readonly receiveCount: number;
  /** Milliseconds since 1970, as SQS counts them. */
  readonly sentAt?: number;
  readonly groupId?: string;
  /** Trace context that AWS services add, in X-Ray's format. */
  readonly traceHeader?: string;
  readonly attributes: MessageAttributes;
  /** Set when a worker sent the message in place of another one. */
  readonly resent?: Resent;
}

/** What a message that was sent anew keeps of the first one. */
export interface Resent {
  /** Id of the first message. */
  readonly id: string;
  /** Milliseconds since 1970 at which the first message was sent. */
  readonly sentAt?: number;
  /** Attempts used up before. */
  readonly attempts: number;
}

/** Up to ten, by name. */
export type MessageAttributes = Readonly<Record<string, MessageAttribute | undefined>>;

export interface MessageAttribute {
  readonly DataType: string | undefined;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
}

export interface ReceiveRequest {
  readonly queueUrl: string;
  /** 1 to 10. */
  readonly maxMessages: number;
  /** 0 to 20. */
  readonly waitTimeSeconds: number;
  /** 0 to 43200. */
  readonly visibilityTimeoutSeconds: number;
  /** FIFO queues only: a receive with the same id within five minutes gets the messages of a lost answer. */
  readonly attemptId?: string;
  readonly signal: AbortSignal;
}

export interface VisibilityEntry {
  readonly receiptHandle: string;
  /** 0 to 43200, from now. */
  readonly visibilityTimeoutSeconds: number;
}

/** Why one entry of a batch failed while the call itself succeeded. */
export interface EntryFailure {
  /** Position in the batch. */
  readonly index: number;
  readonly code: string;
  readonly message: string;
}

export interface OutgoingMessage {
  readonly body: string;
  readonly attributes?: MessageAttributes;
  readonly groupId?: string;
  readonly deduplicationId?: string;
}

export interface QueueFacts {
  /** Receives after which SQS itself moves a message to the dead-letter queue; absent without a redrive policy. */
  readonly maxReceiveCount?: number;
}

/**
 * The calls that a worker makes to a queue service: SQS itself, or the queue of the testing kit.
 *
 * A call MUST settle soon after its signal aborts. Batches carry 1 to 10 entries; a failed entry is returned, a failed
 * call throws.
 */
export interface QueueTransport {
  receive(request: ReceiveRequest): Promise<readonly ReceivedMessage[]>;
  deleteBatch(
    queueUrl: string,
    receiptHandles: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly EntryFailure[]>;
  changeVisibilityBatch(
    queueUrl: string,
    entries: readonly VisibilityEntry[],
    signal: AbortSignal,
  ): Promise<readonly EntryFailure[]>;
  send(queueUrl: string, message: OutgoingMessage, signal: AbortSignal): Promise<void>;
  describe(queueUrl: string, signal: AbortSignal): Promise<QueueFacts>;
  /** Makes later calls use new connections and credentials; open calls are not interrupted. */
  reset(): void;
  close(): void;
}

/** The name of a queue: the last part of its URL. */
export function queueNameOf(queueUrl: string): string {
  return queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
}

/** Whether SQS refused the receipt handle for good: the message is deleted or no longer in flight. */
export function isHandleRefused({ code }: EntryFailure): boolean {
  return /ReceiptHandleIsInvalid|InvalidParameterValue|MessageNotInflight/i.test(code);
}

/** Limit of a call, including the SDK's own retries. */
const CALL_LIMIT_MS = 15_000;
/** How long a receive may take beyond its wait time. */
const RECEIVE_SLACK_MS = 10_000;

/** The calls to one queue: each is counted and has a time limit. */
export class QueueCalls {
  constructor(
    private readonly transport: QueueTransport,
    private readonly queue: { readonly name: string; readonly url: string },
    private readonly clock: Clock,
    private readonly listener: PollerListener,
  ) {}

  get url(): string {
    return this.queue.url;
  }

  receive(
    request: Omit<ReceiveRequest, 'queueUrl' | 'signal'>,
    signal: AbortSignal,
  ): Promise<readonly ReceivedMessage[]> {
    const limitMs = request.waitTimeSeconds * 1_000 + RECEIVE_SLACK_MS;
    return bounded({ ...this.#started('receive', limitMs), signal }, (bound) =>
      this.transport.receive({ ...request, queueUrl: this.url, signal: bound }),
    );
  }

  delete(receiptHandles: readonly string[]): Promise<readonly EntryFailure[]> {
    return bounded(this.#started('delete'), (bound) => this.transport.deleteBatch(this.url, receiptHandles, bound));
  }

  changeVisibility(entries: readonly VisibilityEntry[]): Promise<readonly EntryFailure[]> {
    return bounded(this.#started('changeVisibility'), (bound) =>
      this.transport.changeVisibilityBatch(this.url, entries, bound),
    );
  }

  /** @param queueUrl another queue than this one, such as its dead-letter queue */
  send(message: OutgoingMessage, queueUrl = this.url): Promise<void> {
    return bounded(this.#started('send'), (bound) => this.transport.send(queueUrl, message, bound));
  }

  describe(): Promise<QueueFacts> {
    return bounded(this.#started('describe'), (bound) => this.transport.describe(this.url, bound));
  }

  /** Makes later calls use new connections and credentials. */
  reset(): void {
    this.transport.reset();
  }

  #started(operation: QueueOperation, timeoutMs = CALL_LIMIT_MS): BoundedOptions {
    this.listener.apiCalled(this.queue.name, operation);
    return { clock: this.clock, timeoutMs, what: `${operation} on ${this.url}` };
  }
}
