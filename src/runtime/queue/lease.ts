import { type PollerListener } from './poller-events.js';
import { type EntryFailure, isHandleRefused, type QueueCalls, type ReceivedMessage } from './transport.js';
import { SqsLimits } from '../../contract/service-limits.js';
import { LeaseLost, type LeaseLossCause } from '../errors.js';
import { type Clock, type Timer } from '../support/clock.js';

export type LeaseState = 'held' | 'ending' | 'lost' | 'settled';

/** What acts when a lease ends: the queue of a message that waits, the run of one whose handler has started. */
export interface LeaseHolder {
  leaseEnds(lease: Lease, reason: LeaseLost): void;
}

export interface LeaseTimes {
  /** Clock time of the receive request, from which SQS counts the 12 hours at the earliest. */
  readonly requestedAt: number;
  /** Clock time from which the message is hidden at the latest. */
  readonly hiddenFrom: number;
  readonly visibilityMs: number;
  readonly maxLeaseMs: number;
}

/** SQS extends no lease beyond 12 hours; the margin covers the difference between its clock and ours. */
const HARD_LIMIT_MS = (SqsLimits.maxVisibilityTimeoutSeconds - 5) * 1_000;
/** Shortest time between two ticks of the heartbeat, whatever the leases require. */
const MIN_TICK_MS = 20;
const MAX_RETRY_MS = 2_000;

/**
 * The right of this process to work on one message, until a time.
 *
 *     held   → ending, settled or lost
 *     ending → settled or lost
 *
 * - held: heartbeats extend it.
 * - ending (`endSoon`): its 12 hours are nearly over. The holder is notified once; the lease is valid, and extended as
 *   far as SQS allows.
 * - settled (`settle`): the message is deleted, released or left to be redelivered. There are no more heartbeats, even
 *   if an abandoned handler still runs.
 * - lost (`lose`): it expired, or SQS refused the receipt handle. The holder is notified; another worker may have the
 *   message.
 *
 * `settled` and `lost` are final: settling a lost lease has no effect.
 */
export class Lease {
  holder: LeaseHolder;
  /** Clock time after which another worker may receive the message. */
  expiresAt: number;
  /** Clock time of the next extension. */
  extendAt: number;
  /** Clock time after which SQS refuses every extension; counted from the receive request, which is never too late. */
  readonly hardLimitAt: number;
  /** Clock time at which the state becomes `ending`. */
  readonly limitAt: number;
  /** The newest one: a delete with an older handle may "succeed" without effect. */
  receiptHandle: string;
  #state: LeaseState = 'held';

  constructor(
    readonly message: ReceivedMessage,
    readonly queueName: string,
    times: LeaseTimes,
    holder: LeaseHolder,
  ) {
    this.holder = holder;
    this.receiptHandle = message.receiptHandle;
    this.expiresAt = times.hiddenFrom + times.visibilityMs;
    this.extendAt = times.hiddenFrom + times.visibilityMs / 3;
    this.hardLimitAt = times.requestedAt + HARD_LIMIT_MS;
    this.limitAt = Math.min(times.requestedAt + times.maxLeaseMs, this.hardLimitAt);
  }

  get id(): string {
    return this.message.messageId;
  }

  get state(): LeaseState {
    return this.#state;
  }

  /** Whether the message is still ours: neither lost nor settled. */
  get isActive(): boolean {
    return this.#state === 'held' || this.#state === 'ending';
  }

  endSoon(): void {
    if (this.#state === 'held') {
      this.#state = 'ending';
      this.holder.leaseEnds(this, new LeaseLost('limit', this.id));
    }
  }

  settle(): void {
    if (this.isActive) {
      this.#state = 'settled';
    }
  }

  lose(cause: LeaseLossCause): void {
    if (this.isActive) {
      this.#state = 'lost';
      this.holder.leaseEnds(this, new LeaseLost(cause, this.id));
    }
  }

  /** The same message was received again: only the new receipt handle is sure to work. */
  redelivered(receiptHandle: string, expiresAt: number): void {
    this.receiptHandle = receiptHandle;
    this.expiresAt = expiresAt;
  }
}

/**
 * The heartbeat of all messages that this process holds, running and waiting, of all queues: one timer, batched calls.
 *
 * A lease is extended after a third of the visibility timeout, so that two extensions may fail before it is lost. One
 * call extends the leases that are due and those that would be due soon. An extension never asks for more than what is
 * left of the 12 hours, since SQS would refuse all of it.
 */
export class LeaseKeeper {
  readonly #clock: Clock;
  readonly #visibilityMs: number;
  readonly #listener: PollerListener;
  readonly #leases = new Map<Lease, QueueCalls>();
  readonly #extending = new Set<Lease>();
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, visibilitySeconds: number, listener: PollerListener) {
    this.#clock = clock;
    this.#visibilityMs = visibilitySeconds * 1_000;
    this.#listener = listener;
  }

  keep(lease: Lease, calls: QueueCalls): void {
    this.#leases.set(lease, calls);
    this.#wakeAt(Math.min(lease.extendAt, lease.limitAt));
  }

  /** Sends no further heartbeats for the lease. */
  drop(lease: Lease): void {
    this.#leases.delete(lease);
    if (this.#leases.size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#timerAt = Number.POSITIVE_INFINITY;
    }
  }

  /**
   * Runs an overdue heartbeat now. After the event loop was blocked, no job may start on a lease that has expired
   * unnoticed.
   */
  catchUp(): void {
    if (this.#clock.now() >= this.#timerAt) {
      this.#timer?.cancel();
      this.#heartbeat();
    }
  }

  #wakeAt(time: number): void {
    if (time >= this.#timerAt) {
      return;
    }
    this.#timer?.cancel();
    this.#timerAt = time;
    this.#timer = this.#clock.after(Math.max(MIN_TICK_MS, time - this.#clock.now()), () => this.#heartbeat());
  }

  #heartbeat(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    const dueSoon = now + this.#visibilityMs / 6;
    const due = new Map<QueueCalls, Lease[]>();
    for (const [lease, calls] of this.#leases) {
      if (now >= lease.expiresAt) {
        this.#lose(lease, 'expired');
        continue;
      }
      if (now >= lease.limitAt) {
        lease.endSoon();
      }
      if (lease.extendAt <= dueSoon && !this.#extending.has(lease)) {
        const sameQueue = due.get(calls);
        if (sameQueue === undefined) {
          due.set(calls, [lease]);
        } else {
          sameQueue.push(lease);
        }
      }
    }
    for (const [calls, leases] of due) {
      if (leases.some((lease) => lease.extendAt <= now)) {
        for (let first = 0; first < leases.length; first += SqsLimits.maxBatchEntries) {
          void this.#extend(calls, leases.slice(first, first + SqsLimits.maxBatchEntries));
        }
      }
    }
    this.#schedule();
  }

  #schedule(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const lease of this.#leases.keys()) {
      const extendAt = this.#extending.has(lease) ? lease.expiresAt : Math.min(lease.extendAt, lease.expiresAt);
      next = Math.min(next, extendAt, lease.state === 'held' ? lease.limitAt : Number.POSITIVE_INFINITY);
    }
    this.#wakeAt(next);
  }

  async #extend(calls: QueueCalls, leases: readonly Lease[]): Promise<void> {
    const now = this.#clock.now();
    const extensions: { readonly lease: Lease; readonly seconds: number; readonly receiptHandle: string }[] = [];
    for (const lease of leases) {
      const seconds = Math.min(this.#visibilityMs / 1_000, Math.floor((lease.hardLimitAt - now) / 1_000));
      if (seconds * 1_000 > lease.expiresAt - now) {
        extensions.push({ lease, seconds, receiptHandle: lease.receiptHandle });
        this.#extending.add(lease);
      } else {
        lease.extendAt = Number.POSITIVE_INFINITY;
      }
    }
    if (extensions.length === 0) {
      return;
    }
    try {
      const failures = await calls.changeVisibility(
        extensions.map(({ seconds, receiptHandle }) => ({ receiptHandle, visibilityTimeoutSeconds: seconds })),
      );
      const failureOf = new Map(failures.map((failure) => [failure.index, failure]));
      extensions.forEach(({ lease, seconds, receiptHandle }, index) => {
        this.#extending.delete(lease);
        const failure = failureOf.get(index);
        if (receiptHandle !== lease.receiptHandle) {
          // The message was redelivered meanwhile: an answer for the old handle means nothing for the new one.
          this.#retrySoon(lease);
        } else if (failure === undefined) {
          lease.expiresAt = now + seconds * 1_000;
          lease.extendAt = now + (seconds * 1_000) / 3;
          this.#listener.leaseExtended(lease.queueName, lease.id);
        } else {
          this.#refused(lease, failure);
        }
      });
    } catch (error) {
      extensions.forEach(({ lease }) => {
        this.#extending.delete(lease);
        this.#retrySoon(lease);
      });
      this.#listener.extensionFailed(calls.url, error);
    }
    this.#schedule();
  }

  #refused(lease: Lease, failure: EntryFailure): void {
    if (!this.#leases.has(lease)) {
      return;
    }
    if (/beyond the limit/i.test(failure.message)) {
      lease.extendAt = Number.POSITIVE_INFINITY;
      lease.endSoon();
    } else if (isHandleRefused(failure)) {
      this.#lose(lease, 'gone');
    } else {
      this.#retrySoon(lease);
    }
  }

  #retrySoon(lease: Lease): void {
    lease.extendAt = this.#clock.now() + Math.min(MAX_RETRY_MS, this.#visibilityMs / 12);
  }

  #lose(lease: Lease, cause: LeaseLossCause): void {
    this.drop(lease);
    lease.lose(cause);
    this.#listener.leaseLost(lease.queueName, lease.id, cause);
  }
}
