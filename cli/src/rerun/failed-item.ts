/** A piece of work that failed and can be run again. */
export interface FailedItem {
  /** Unique in its source. */
  readonly id: string;
  /** The end of its last attempt; of a dead-letter message, the time at which it was first sent. */
  readonly failedAt: Date;
  /** The object, if the work is about one. */
  readonly bucket?: string;
  readonly key?: string;
  /** Of a dispatcher's file. */
  readonly type?: string;
  readonly sequence?: string;
  readonly correlationId?: string;
  readonly reason?: string;
  /** What the work starts with: an event, a job or the input of a run. */
  readonly body: string;
}
