import { type ReceivedMessage } from './transport.js';
import { LeaseLost, type LeaseLossCause } from '../errors.js';

/**
 * The right of this process to work on one message, until a time.
 *
 * held → limit told (the 12 hours end soon; still ours) → lost, or ended (deleted, released or handed to the
 * dead-letter queue).
 */
export class Lease {
  readonly message: ReceivedMessage;
  readonly queueName: string;
  /** Clock time after which another worker may have the message. */
  expiresAt: number;
  /** Clock time of the next extension. */
  extendAt: number;
  /** Clock time after which SQS lets nobody extend; counted from the receive request, which is never too late. */
  readonly hardLimitAt: number;
  /** Clock time at which the handler is told that the limit comes. */
  readonly limitAt: number;
  /** The newest one: an older handle may "succeed" without deleting anything. */
  receiptHandle: string;
  limitTold = false;
  /** Settled or given up: no longer kept, whatever its handler still does. */
  ended = false;
  lost: LeaseLossCause | undefined;
  /** Called when the lease is lost, and when its limit comes. */
  onTrouble: ((trouble: LeaseLost) => void) | undefined;

  constructor(
    message: ReceivedMessage,
    queueName: string,
    times: {
      readonly requestedAt: number;
      readonly hiddenFrom: number;
      readonly visibilityMs: number;
      readonly maxLeaseMs: number;
      readonly hardLimitMs: number;
    },
  ) {
    this.message = message;
    this.queueName = queueName;
    this.receiptHandle = message.receiptHandle;
    this.expiresAt = times.hiddenFrom + times.visibilityMs;
    this.extendAt = times.hiddenFrom + times.visibilityMs / 3;
    this.hardLimitAt = times.requestedAt + times.hardLimitMs;
    this.limitAt = Math.min(times.requestedAt + times.maxLeaseMs, this.hardLimitAt);
  }

  get id(): string {
    return this.message.messageId;
  }

  tellLimit(): void {
    this.limitTold = true;
    this.onTrouble?.(new LeaseLost('limit', this.id));
  }

  lose(cause: LeaseLossCause): void {
    this.lost = cause;
    this.onTrouble?.(new LeaseLost(cause, this.id));
  }
}
