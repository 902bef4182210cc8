import { type LeaseLossCause } from '../errors.js';
import { type JobInfo } from '../support/job-info.js';

/**
 * What a poller is doing.
 *
 * created → running → draining → releasing → stopped; `draining` skips `releasing` when all work ends in time.
 */
export type PollerState = 'created' | 'running' | 'draining' | 'releasing' | 'stopped';

export type QueueOperation = 'receive' | 'delete' | 'changeVisibility' | 'send' | 'describe';

/** How a run of a job ended, which decides what happens to its message. */
export type Outcome =
  | { readonly kind: 'succeeded' }
  /** Not a job, such as the test event of S3. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'handed-off' }
  | { readonly kind: 'failed'; readonly error: unknown; readonly retryAfterSeconds?: number }
  | { readonly kind: 'poisoned'; readonly error: unknown; readonly reason: string }
  /** Unfinished because the worker stops. */
  | { readonly kind: 'released' }
  /** The lease was lost. */
  | { readonly kind: 'lost' };

export type JobResult = Outcome['kind'];

/** The events of a poller. A listener that throws is logged and changes nothing. */
export interface PollerEvents {
  'state:changed': { readonly from: PollerState; readonly to: PollerState; readonly reason: string };
  'api:called': { readonly queueName: string; readonly operation: QueueOperation };
  'messages:received': { readonly queueName: string; readonly count: number };
  /** A message was redelivered although this process has finished it or still works on it. */
  'message:duplicated': { readonly queueName: string; readonly messageId: string };
  'job:started': { readonly job: JobInfo };
  'job:ended': {
    readonly job: JobInfo;
    readonly result: JobResult;
    readonly durationMs: number;
    readonly error?: unknown;
  };
  /** The handler did not end after its signal aborted; it keeps its slot. */
  'job:abandoned': { readonly job: JobInfo };
  'lease:extended': { readonly queueName: string; readonly messageId: string };
  'lease:lost': { readonly queueName: string; readonly messageId: string; readonly cause: LeaseLossCause };
  'delete:failed': {
    readonly queueName: string;
    readonly messageId: string;
    readonly error: unknown;
    readonly willRetry: boolean;
  };
  /** SQS did not confirm a delete or a release; the message is redelivered when its visibility timeout ends. */
  'message:unconfirmed': { readonly queueName: string; readonly messageId: string };
  'receive:failed': { readonly queueName: string; readonly error: unknown; readonly consecutiveFailures: number };
  'messages:released': { readonly queueName: string; readonly count: number };
}

/** How a drain went. */
export interface DrainReport {
  readonly durationMs: number;
  /** Jobs that ended while the worker was draining. */
  readonly finished: number;
  /** Messages released meanwhile: jobs that could not finish, and messages that had not started. */
  readonly released: number;
  /** Handlers that still ran when the worker stopped. */
  readonly abandoned: number;
  /**
   * Messages whose delete or release SQS did not confirm meanwhile; they are redelivered when their visibility timeout
   * ends.
   */
  readonly unconfirmed: number;
}

/** What the parts of a poller report to it: one object, which every part gets. */
export interface PollerListener {
  /** A job may be able to start, or messages may be needed. */
  changed(): void;
  protectionRefused(): void;
  apiCalled(queueName: string, operation: QueueOperation): void;
  /** @param isReset whether the transport was reset */
  receiveFailed(queueName: string, error: unknown, consecutiveFailures: number, isReset: boolean): void;
  messagesReceived(queueName: string, count: number): void;
  messagesReleased(queueName: string, count: number): void;
  messageDuplicated(queueName: string, messageId: string): void;
  jobAbandoned(job: JobInfo): void;
  leaseExtended(queueName: string, messageId: string): void;
  leaseLost(queueName: string, messageId: string, cause: LeaseLossCause): void;
  extensionFailed(queueUrl: string, error: unknown): void;
  deleteFailed(queueName: string, messageId: string, error: unknown, willRetry: boolean): void;
  releaseFailed(queueName: string, messageId: string, error: unknown): void;
}
