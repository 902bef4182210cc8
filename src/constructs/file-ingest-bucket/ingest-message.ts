/** The message format of events. `runWorker` and `TypedDispatcher` read both formats. */
export enum IngestMessageFormat {
  /** The complete event that S3 sends to EventBridge, with account, requester and source address. */
  FULL_EVENT = 'FullEvent',
  /** The event with only its id and time, and the bucket, key, size, ETag, version and sequencer of the object. */
  COMPACT = 'Compact',
}

/** Options for the messages of a queue. */
export interface IngestMessageOptions {
  /**
   * The message format.
   *
   * @default IngestMessageFormat.FULL_EVENT
   */
  readonly format?: IngestMessageFormat;

  /**
   * The message group of every event. A FIFO queue needs it, and delivers the route's events one after another. A
   * standard queue uses it for fair queuing between senders.
   *
   * @default - no message group
   */
  readonly messageGroupId?: string;
}
