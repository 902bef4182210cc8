import { type BodyKind } from './body-decoder.js';
import { type MessageAttributes } from './transport.js';
import { type JobObject } from '../../contract/job-message.js';
import { type Logger } from '../support/logger.js';

/** One unit of work: the content of a message. */
export interface Job<Body = unknown> {
  /** Id of the message; the same for every delivery of it. */
  readonly id: string;
  readonly queueName: string;
  readonly kind: BodyKind;
  /** `detail-type` of an event, name of an S3 notification, or type of a job message. */
  readonly type: string | undefined;
  /**
   * The S3 event, the detail of another event, the payload of a job message, or the JSON body itself; as the schema
   * returns it.
   */
  readonly body: Body;
  /** The object that the job is about; the first one when a notification names several. */
  readonly object: JobObject | undefined;
  /** All objects that the message names; empty when it is not about objects. */
  readonly objects: readonly JobObject[];
  readonly groupId: string | undefined;
  readonly sentAt: Date | undefined;
  /** Those of the message, and those of an SNS envelope around its body. */
  readonly attributes: MessageAttributes;
}

/** The state of a job, and what a handler can do with it. */
export interface JobContext {
  /**
   * Aborts when the result would be discarded; the reason is `LeaseLost`, `HandlerTimeout` or `Shutdown`.
   *
   * Pass it to everything that waits, and do not catch its error: a handler that returns after an abort acknowledges
   * its message.
   */
  readonly signal: AbortSignal;
  /** Aborts when the worker begins to stop; the job may still finish. A long job can `handOff()` here. */
  readonly stopping: AbortSignal;
  /** 1 for the first delivery. A delivery to a worker that released the message unstarted counts, too. */
  readonly attempt: number;
  /**
   * Whether a failure of this attempt sends the message to the dead-letter queue. False when the redrive policy is
   * unknown.
   */
  readonly isLastAttempt: boolean;
  /** Part of every log line, metric and trace of this job, in this worker and before it. */
  readonly correlationId: string;
  /** Logs with correlation id, message id, attempt and file. */
  readonly log: Logger;
  /** What the previous worker passed to `handOff()`; undefined for a new job. */
  readonly state: unknown;
  /** How often the job was handed off before; 0 for a new job. */
  readonly generation: number;
  /** When `signal` aborts because the 12 hours that SQS allows are nearly over. */
  readonly leaseEndsAt: Date;
  /**
   * Continues the job as a new message that carries `state`, for work beyond 12 hours or when the worker must stop.
   * Return from the handler afterwards.
   *
   * @param state JSON; with the body it must fit into a message of 1 MiB
   * @throws HandOffRefused on FIFO queues, where the rest would run after later messages of its group, and after the
   * lease is lost
   */
  handOff(state: unknown): Promise<void>;
}

/**
 * Processes one job. When it returns, whatever the value, and its promise is fulfilled, the message is acknowledged.
 * When it throws, the message is retried: after the backoff, after the time of a `RetryLater`, or never after a
 * `PoisonMessage`, which moves the message to the dead-letter queue.
 */
export type JobHandler<Body = unknown> = (job: Job<Body>, context: JobContext) => unknown;
