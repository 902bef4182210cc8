/** What of an event goes into a queue. `runWorker` and `TypedDispatcher` read each of them. */
export enum IngestMessageFormat {
  /** The event as S3 sends it to EventBridge, with account, requester and source address. */
  FULL_EVENT = 'FullEvent',
  /**
   * The same event with no more than its id, its time, and the object's bucket, key, size, etag, version and sequencer.
   */
  COMPACT = 'Compact',
}

/** How events go into a queue. */
export interface IngestMessageOptions {
  /**
   * What of an event goes into the queue.
   *
   * @default IngestMessageFormat.FULL_EVENT
   */
  readonly format?: IngestMessageFormat;

  /**
   * The message group of every event; needed by a FIFO queue, which then delivers the route's events one after another.
   * A standard
   * queue uses it for fairness between senders.
   *
   * @default - no message group
   */
  readonly messageGroupId?: string;
}
