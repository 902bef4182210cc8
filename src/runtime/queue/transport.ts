/** A message as it came off a queue. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often SQS delivered it, this time included. */
  readonly receiveCount: number;
  /** Milliseconds since 1970, by the clock of SQS. */
  readonly sentAt?: number;
  readonly groupId?: string;
  /** Trace context that AWS services add, in X-Ray's format. */
  readonly traceHeader?: string;
  readonly attributes: MessageAttributes;
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
  /** FIFO queues only: the same id within five minutes gets the messages of a lost answer again. */
  readonly attemptId?: string;
  readonly signal: AbortSignal;
}

export interface VisibilityEntry {
  readonly receiptHandle: string;
  /** From now; 0 to 43200. */
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
  /** Makes later calls use new connections and credentials; calls that are under way are left alone. */
  reset(): void;
  close(): void;
}

export function isFifo(queueUrl: string): boolean {
  return queueUrl.endsWith('.fifo');
}

/** The last part of a queue's URL, which is its name. */
export function queueNameOf(queueUrl: string): string {
  return queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
}
