import {
  type DrainReport,
  type Outcome,
  type PollerEvents,
  type PollerListener,
  type QueueOperation,
} from './poller-events.js';
import { type LeaseLossCause } from '../errors.js';
import { Emitter } from '../support/emitter.js';
import { type JobInfo } from '../support/job-info.js';
import { type Logger } from '../support/logger.js';

/** Logs and emits what happens in a poller, and counts it while the poller drains. */
export class PollerReporter implements PollerListener {
  readonly changed: () => void;
  readonly protectionRefused: () => void;
  readonly events: Emitter<PollerEvents>;
  readonly #logger: Logger;
  #finished = 0;
  #released = 0;
  #unconfirmed = 0;

  constructor(logger: Logger, react: Pick<PollerListener, 'changed' | 'protectionRefused'>) {
    this.#logger = logger;
    this.changed = react.changed;
    this.protectionRefused = react.protectionRefused;
    this.events = new Emitter((error, event) => logger.error({ err: error, event }, 'listener failed'));
  }

  /** What was counted since the state changed to `draining`. */
  get drained(): Pick<DrainReport, 'finished' | 'released' | 'unconfirmed'> {
    return { finished: this.#finished, released: this.#released, unconfirmed: this.#unconfirmed };
  }

  stateChanged(
    change: PollerEvents['state:changed'],
    counts: { readonly running: number; readonly waiting: number },
  ): void {
    if (change.to === 'draining') {
      this.#finished = 0;
      this.#released = 0;
      this.#unconfirmed = 0;
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

  jobEnded(job: JobInfo, log: Logger, outcome: Outcome, durationMs: number): void {
    if (outcome.kind !== 'released') {
      this.#finished += 1;
    }
    const error = 'error' in outcome ? outcome.error : undefined;
    const fields = { durationMs: Math.round(durationMs), ...(error === undefined ? {} : { err: error }) };
    switch (outcome.kind) {
      case 'failed':
        log.warn(fields, 'job failed; it will be retried');
        break;
      case 'poisoned':
        log.error(fields, 'message is poison; it goes to the dead-letter queue');
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

  #settlementUnconfirmed(queueName: string, messageId: string, error: unknown, text: string): void {
    this.#unconfirmed += 1;
    this.#logger.warn({ messageId, queue: queueName, err: error }, text);
    this.events.emit('message:unconfirmed', { queueName, messageId });
  }
}
