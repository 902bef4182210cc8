import { type BodyKind } from './body-decoder.js';
import { type MessageAttributes } from './transport.js';
import { type JobObject } from '../../contract/job-message.js';
import { type Logger } from '../support/logger.js';

/** One unit of work: what a message asks for. */
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
  readonly attributes: MessageAttributes;
}

/** What a handler can know and do beside its job. */
export interface JobContext {
  /**
   * Aborts when the work can no longer count: reason `LeaseLost`, `HandlerTimeout` or `Shutdown`.
   *
   * Pass it to everything that waits, and let the error out: a handler that returns after an abort has acknowledged its
   * message.
   */
  readonly signal: AbortSignal;
  /** Aborts when the worker begins to stop; the job may still finish. A long job can `handOff()` here. */
  readonly stopping: AbortSignal;
  /** 1 for the first delivery. A worker that gave the message back unstarted counts as a delivery too. */
  readonly attempt: number;
  /** Whether a failure of this attempt sends the message to the dead-letter queue. False when nobody knows. */
  readonly isLastAttempt: boolean;
  /** Stands in every log line, metric and trace of this job, in this worker and before it. */
  readonly correlationId: string;
  /** Logs with correlation id, message id, attempt and file. */
  readonly log: Logger;
  /** What the last worker gave to `handOff()`; undefined for a job that starts. */
  readonly state: unknown;
  /** How often the job was handed off before; 0 for a job that starts. */
  readonly generation: number;
  /** When the 12 hours that SQS allows come so close that `signal` aborts. */
  readonly leaseEndsAt: Date;
  /**
   * Continues the job as a new message that carries `state`, for work beyond 12 hours or when the worker must stop.
   * Return afterwards.
   *
   * @param state JSON; with the body it must fit into a message of 1 MiB
   * @throws HandOffRefused on FIFO queues, where the rest would come behind later messages of its group, and after the
   * lease is lost
   */
  handOff(state: unknown): Promise<void>;
}

/**
 * Does one job. Returning, whatever the value, acknowledges the message once the promise is fulfilled; throwing has it
 * retried;
 * `RetryLater` and `PoisonMessage` say otherwise.
 */
export type JobHandler<Body = unknown> = (job: Job<Body>, context: JobContext) => unknown;
