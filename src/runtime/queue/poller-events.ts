import { type LeaseLossCause } from '../errors.js';
import { type JobInfo } from '../support/job-info.js';

/**
 * What a poller is doing.
 *
 * created → running → draining → releasing → stopped; `draining` skips `releasing` when all work ends in time.
 */
export type PollerState = 'created' | 'running' | 'draining' | 'releasing' | 'stopped';

export type JobResult = 'succeeded' | 'ignored' | 'handed-off' | 'failed' | 'poisoned' | 'released' | 'lost';

/** What a poller tells its listeners. A listener that throws is logged and changes nothing. */
export interface PollerEvents {
  'state:changed': { readonly from: PollerState; readonly to: PollerState; readonly reason: string };
  'api:called': {
    readonly queueName: string;
    readonly operation: 'receive' | 'delete' | 'changeVisibility' | 'send' | 'describe';
  };
  'messages:received': { readonly queueName: string; readonly count: number };
  /** A message came again although this process has finished it, or has it at work. */
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
  /** SQS did not confirm a delete or a release; the message comes back when its visibility timeout ends. */
  'message:unconfirmed': { readonly queueName: string; readonly messageId: string };
  'receive:failed': { readonly queueName: string; readonly error: unknown; readonly consecutiveFailures: number };
  'messages:released': { readonly queueName: string; readonly count: number };
}

/** How a drain went. */
export interface DrainReport {
  readonly durationMs: number;
  /** Jobs that ended while the worker was draining. */
  readonly finished: number;
  /** Messages given back meanwhile: jobs that could not finish, and messages that had not started. */
  readonly released: number;
  /** Handlers that still ran when the worker stopped. */
  readonly abandoned: number;
  /**
   * Messages whose delete or release SQS did not confirm meanwhile; they come back when their visibility timeout ends.
   */
  readonly unconfirmed: number;
}
