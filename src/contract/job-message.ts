/**
 * Messages sent by Fileworks, and the names of its message attributes.
 *
 * S3 events are passed on unchanged; these formats are for jobs created by programs.
 */

/** A job created by Fileworks or by your code: type, object and correlation id. */
export interface JobMessage {
  /** Marks the body as a Fileworks job and gives its format version. */
  readonly fileworksJob: 1;
  /** Type of the job, chosen by the sender. */
  readonly type: string;
  /** Included in every log line, metric and trace of the job. */
  readonly correlationId?: string;
  /** The object to process. */
  readonly object?: JobObject;
  /** Additional data for the handler; JSON. */
  readonly payload?: unknown;
}

/** An S3 object in a job. */
export interface JobObject {
  readonly bucket: string;
  /** The key itself, not URL-encoded. */
  readonly key: string;
  /** Bytes. */
  readonly size?: number;
  readonly etag?: string;
  readonly versionId?: string;
  /** Order of events of the same key, as hexadecimal text; not comparable between keys. */
  readonly sequencer?: string;
  /** The API call that created the object, or the event name of the S3 notification. */
  readonly reason?: string;
}

/** Payload of a job by which `TypedDispatcher` passes the turn of a file to a worker. */
export interface FileTurn {
  readonly fileId: string;
  /** Number of this launch of the file; 1 or more. */
  readonly epoch: number;
  /**
   * Fencing token: grows with every claim of the file's sequence. A target that refuses smaller ones is protected from
   * a worker that outlives its turn.
   */
  readonly fence: number;
}

/** The remainder of a job that a worker handed off: its body and its progress. */
export interface ContinuationMessage {
  readonly fileworksContinuation: 1;
  readonly correlationId: string;
  /** The body of the first message of this job, unchanged. */
  readonly body: string;
  /** State passed to `ctx.handOff()`; JSON. */
  readonly state: unknown;
  /** Number of hand-offs of this job; 1 or more. */
  readonly generation: number;
}

export const MessageAttributeNames = {
  /** Correlation id of a message whose body cannot contain one. */
  correlationId: 'fileworks-correlation-id',
  /** On a dead-letter message: why the worker rejected the message. */
  poisonReason: 'fileworks-poison-reason',
  /** JSON, on a message that a worker sent anew: the id and time of the first one, and the attempts used up. */
  resent: 'fileworks-resent',
  /** On a dead-letter message: its message id on the source queue. */
  sourceMessageId: 'fileworks-source-message-id',
} as const;
