import { type LeaseLossCause } from '../errors.js';
import { Emitter } from '../support/emitter.js';
import { type JobInfo } from '../support/job-info.js';
import { type Logger } from '../support/logger.js';
import { type UnavailableDependency, type PausesListener } from '../support/pauses.js';

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
  /** Unfinished because a dependency is unavailable and the job can wait here no longer; it uses up no attempt. */
  | { readonly kind: 'postponed'; readonly error: unknown }
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
  /** A dependency refused a job: its queue starts no other one until a probe succeeds. */
  'dependency:unavailable': { readonly dependency: string; readonly queueName: string; readonly error: unknown };
  /** Every five seconds while a dependency is unavailable. */
  'dependency:still-unavailable': UnavailableDependency;
  'dependency:recovered': { readonly dependency: string; readonly unavailableMs: number };
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
   * Messages whose delete or release SQS did not confirm meanwhile, because it failed or has no answer yet. Unless a
   * delete took effect, they are redelivered when their visibility timeout ends.
   */
  readonly unconfirmed: number;
  /**
   * Receives that SQS did not answer within their wait time, and that were cancelled when no time was left. Messages
   * that SQS assigned to them become visible after their visibility timeout.
   */
  readonly unansweredReceives: number;
}

/** What the parts of a poller report to it: one object, which every part gets. */
export interface PollerListener extends PausesListener {
  protectionRefused(): void;
  apiCalled(queueName: string, operation: QueueOperation): void;
  /** @param isReset whether the transport was reset */
  receiveFailed(queueName: string, error: unknown, consecutiveFailures: number, isReset: boolean): void;
  messagesReceived(queueName: string, count: number): void;
  /** Receives are cancelled whose wait time is over, because no time is left. */
  receivesUnanswered(queueName: string, count: number): void;
  messagesReleased(queueName: string, count: number): void;
  messageDuplicated(queueName: string, messageId: string): void;
  jobAbandoned(job: JobInfo): void;
  leaseExtended(queueName: string, messageId: string): void;
  leaseLost(queueName: string, messageId: string, cause: LeaseLossCause): void;
  extensionFailed(queueUrl: string, error: unknown): void;
  deleteFailed(queueName: string, messageId: string, error: unknown, willRetry: boolean): void;
  releaseFailed(queueName: string, messageId: string, error: unknown): void;
  /** The worker stops before SQS has answered the delete or the release of the message. */
  settlementUnanswered(queueName: string, messageId: string): void;
}

/** Logs and emits what happens in a poller, and counts it while the poller drains. */
export class PollerReporter implements PollerListener {
  readonly changed: () => void;
  readonly protectionRefused: () => void;
  readonly events: Emitter<PollerEvents>;
  readonly #logger: Logger;
  #finished = 0;
  #released = 0;
  #unconfirmed = 0;
  #unansweredReceives = 0;

  constructor(logger: Logger, react: Pick<PollerListener, 'changed' | 'protectionRefused'>) {
    this.#logger = logger;
    this.changed = react.changed;
    this.protectionRefused = react.protectionRefused;
    this.events = new Emitter((error, event) => logger.error({ err: error, event }, 'listener failed'));
  }

  /** What was counted since the state changed to `draining`. */
  get drained(): Omit<DrainReport, 'durationMs' | 'abandoned'> {
    return {
      finished: this.#finished,
      released: this.#released,
      unconfirmed: this.#unconfirmed,
      unansweredReceives: this.#unansweredReceives,
    };
  }

  stateChanged(
    change: PollerEvents['state:changed'],
    counts: { readonly running: number; readonly waiting: number },
  ): void {
    if (change.to === 'draining') {
      this.#finished = 0;
      this.#released = 0;
      this.#unconfirmed = 0;
      this.#unansweredReceives = 0;
    }
    this.#logger.info({ ...change, ...counts }, `worker is ${change.to}`);
    this.events.emit('state:changed', change);
  }

  apiCalled(queueName: string, operation: QueueOperation): void {
    this.events.emit('api:called', { queueName, operation });
  }

  receiveFailed(queueName: string, error: unknown, consecutiveFailures: number, isReset: boolean): void {
    const fields = { queue: queueName, err: error, consecutiveFailures };
    if (isReset) {
      this.#logger.error(fields, 'receive failed; trying again with new connections and credentials');
    } else {
      this.#logger.warn(fields, 'receive failed; trying again');
    }
    this.events.emit('receive:failed', { queueName, error, consecutiveFailures });
  }

  receivesUnanswered(queueName: string, count: number): void {
    this.#unansweredReceives += count;
    this.#logger.warn(
      { queue: queueName, receives: count },
      'receives without an answer are cancelled; messages that SQS assigned to them become visible after the visibility timeout',
    );
  }

  messagesReceived(queueName: string, count: number): void {
    this.events.emit('messages:received', { queueName, count });
  }

  messagesReleased(queueName: string, count: number): void {
    this.#released += count;
    this.events.emit('messages:released', { queueName, count });
  }

  messageDuplicated(queueName: string, messageId: string): void {
    this.events.emit('message:duplicated', { queueName, messageId });
  }

  jobStarted(job: JobInfo): void {
    this.events.emit('job:started', { job });
  }

  jobEnded(job: JobInfo, log: Logger, outcome: Outcome, durationMs: number, isLastAttempt: boolean): void {
    if (outcome.kind !== 'released' && outcome.kind !== 'postponed') {
      this.#finished += 1;
    }
    const error = 'error' in outcome ? outcome.error : undefined;
    const fields = { durationMs: Math.round(durationMs), ...(error === undefined ? {} : { err: error }) };
    switch (outcome.kind) {
      case 'failed':
        if (isLastAttempt) {
          log.error(fields, 'job failed on its last attempt; it goes to the dead-letter queue');
        } else {
          log.warn(fields, 'job failed; it will be retried');
        }
        break;
      case 'poisoned':
        log.error(fields, 'message is poison; it goes to the dead-letter queue');
        break;
      case 'postponed':
        log.info(fields, 'job postponed: a dependency is unavailable; it uses up no attempt');
        break;
      case 'lost':
        log.error(fields, 'job lost its lease; its result is discarded');
        break;
      default:
        log.info(fields, `job ${outcome.kind}`);
    }
    this.events.emit('job:ended', {
      job,
      result: outcome.kind,
      durationMs,
      ...(error === undefined ? {} : { error }),
    });
  }

  jobAbandoned(job: JobInfo): void {
    this.events.emit('job:abandoned', { job });
  }

  leaseExtended(queueName: string, messageId: string): void {
    this.events.emit('lease:extended', { queueName, messageId });
  }

  leaseLost(queueName: string, messageId: string, cause: LeaseLossCause): void {
    this.#logger.warn({ messageId, queue: queueName, cause }, 'lease lost');
    this.events.emit('lease:lost', { queueName, messageId, cause });
  }

  extensionFailed(queueUrl: string, error: unknown): void {
    this.#logger.warn({ err: error, queueUrl }, 'leases could not be extended; trying again');
  }

  dependencyUnavailable(dependency: string, queueName: string, error: unknown): void {
    this.#logger.warn(
      { dependency, queue: queueName, err: error },
      'dependency is unavailable: its jobs wait, and no others start until a probe succeeds',
    );
    this.events.emit('dependency:unavailable', { dependency, queueName, error });
  }

  dependencyStillUnavailable(unavailable: UnavailableDependency): void {
    this.events.emit('dependency:still-unavailable', unavailable);
  }

  dependencyRecovered(dependency: string, unavailableMs: number): void {
    this.#logger.info(
      { dependency, unavailableMs: Math.round(unavailableMs) },
      'dependency is back, or no job waits for it',
    );
    this.events.emit('dependency:recovered', { dependency, unavailableMs });
  }

  deleteFailed(queueName: string, messageId: string, error: unknown, willRetry: boolean): void {
    this.events.emit('delete:failed', { queueName, messageId, error, willRetry });
    if (!willRetry) {
      this.#settlementUnconfirmed(
        queueName,
        messageId,
        error,
        'finished message could not be deleted; this worker will not work on it again, another one may',
      );
    }
  }

  releaseFailed(queueName: string, messageId: string, error: unknown): void {
    this.#settlementUnconfirmed(
      queueName,
      messageId,
      error,
      'message could not be released; it is redelivered when its visibility timeout ends',
    );
  }

  settlementUnanswered(queueName: string, messageId: string): void {
    this.#settlementUnconfirmed(
      queueName,
      messageId,
      undefined,
      'worker stops before SQS has confirmed what happens to the message; unless it was deleted, it is redelivered when its visibility timeout ends',
    );
  }

  #settlementUnconfirmed(queueName: string, messageId: string, error: unknown, text: string): void {
    this.#unconfirmed += 1;
    this.#logger.warn({ messageId, queue: queueName, ...(error === undefined ? {} : { err: error }) }, text);
    this.events.emit('message:unconfirmed', { queueName, messageId });
  }
}
