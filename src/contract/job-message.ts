/**
 * The messages that Fileworks itself puts on a queue, and the names of its message attributes.
 *
 * S3 events travel as S3 sends them; these shapes are for jobs that somebody makes.
 */

/** A job made by our own code or by a user's: what to do, to which object, under which correlation id. */
export interface JobMessage {
  /** Marks the body as ours and versions the shape. */
  readonly fileworksJob: 1;
  /** What to do, in the sender's words. */
  readonly type: string;
  /** Stands in every log line, metric and trace of the job. */
  readonly correlationId?: string;
  /** The object that the job is about. */
  readonly object?: JobObject;
  /** Whatever else the handler needs; JSON. */
  readonly payload?: unknown;
}

/** An object of S3 as a job names it. */
export interface JobObject {
  readonly bucket: string;
  /** The key itself, not URL-encoded. */
  readonly key: string;
  /** Bytes. */
  readonly size?: number;
  readonly etag?: string;
  readonly versionId?: string;
  /** Orders events of the same key, as hexadecimal text; says nothing between keys. */
  readonly sequencer?: string;
  /** The call that made the object, or the name of the S3 notification. */
  readonly reason?: string;
}

/** The payload of a job by which `TypedDispatcher` gives a worker the turn of a file. */
export interface FileTurn {
  readonly fileId: string;
  /** Which launch of the file this is; 1 or more. */
  readonly epoch: number;
  /**
   * Grows with every claim of the file's sequence; a target that refuses smaller ones is safe from a worker that
   * outlived its turn.
   */
  readonly fence: number;
}

/** The rest of a job that a worker handed off: the body it had, and how far it got. */
export interface ContinuationMessage {
  readonly fileworksContinuation: 1;
  readonly correlationId: string;
  /** The body of the first message of this job, unchanged. */
  readonly body: string;
  /** What the handler gave to `ctx.handOff()`; JSON. */
  readonly state: unknown;
  /** How often this job was handed off; 1 or more. */
  readonly generation: number;
}

export const MessageAttributeNames = {
  /** Correlation id of a message whose body cannot carry one. */
  correlationId: 'fileworks-correlation-id',
  /** On a dead-letter queue: why the worker gave up. */
  poisonReason: 'fileworks-poison-reason',
  /** On a dead-letter queue: message id that the message had on its first queue. */
  sourceMessageId: 'fileworks-source-message-id',
} as const;
