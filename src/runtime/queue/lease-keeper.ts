import { type Lease } from './lease.js';
import { type QueueCalls } from './queue-calls.js';
import { type EntryFailure } from './transport.js';
import { SqsLimits } from '../../contract/service-limits.js';
import { type Clock, type Timer } from '../support/clock.js';

/** Never spin, whatever the leases say. */
const MIN_TICK_MS = 20;
const MAX_RETRY_MS = 2_000;

export interface LeaseKeeperOptions {
  readonly clock: Clock;
  readonly visibilitySeconds: number;
  readonly onExtended: (lease: Lease) => void;
  readonly onLost: (lease: Lease) => void;
  readonly onCallFailed: (error: unknown, calls: QueueCalls) => void;
}

/**
 * The heartbeat of all messages that this process holds, running and waiting, of all queues: one timer, batched calls.
 *
 * A lease is extended after a third of the visibility timeout, so two extensions may fail before it is lost. Leases
 * that would be due
 * soon travel with one that is due now. No extension asks for more than what is left of the 12 hours: SQS refuses it
 * whole.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #leases = new Map<Lease, QueueCalls>();
  readonly #extending = new Set<Lease>();
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#leases.size;
  }

  keep(lease: Lease, calls: QueueCalls): void {
    this.#leases.set(lease, calls);
    this.#wakeAt(Math.min(lease.extendAt, lease.limitAt));
  }

  /** The message is deleted, released or no longer worth holding. */
  end(lease: Lease): void {
    this.#leases.delete(lease);
    if (this.#leases.size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#timerAt = Number.POSITIVE_INFINITY;
    }
  }

  /**
   * Does now what the timer is late for. After a blocked event loop, work must not start on a lease that is over before
   * that is seen.
   */
  catchUp(): void {
    if (this.#options.clock.now() >= this.#timerAt) {
      this.#timer?.cancel();
      this.#beat();
    }
  }

  #wakeAt(time: number): void {
    if (time >= this.#timerAt) {
      return;
    }
    this.#timer?.cancel();
    this.#timerAt = time;
    const { clock } = this.#options;
    this.#timer = clock.after(Math.max(MIN_TICK_MS, time - clock.now()), () => this.#beat());
  }

  #beat(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#options.clock.now();
    const passengers = (this.#options.visibilitySeconds * 1_000) / 6;
    const due = new Map<QueueCalls, Lease[]>();
    for (const [lease, calls] of this.#leases) {
      if (now >= lease.expiresAt) {
        this.#lose(lease, 'expired');
        continue;
      }
      if (!lease.limitTold && now >= lease.limitAt) {
        lease.tellLimit();
      }
      if (lease.extendAt <= now + passengers && !this.#extending.has(lease)) {
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
      next = Math.min(next, extendAt, lease.limitTold ? Number.POSITIVE_INFINITY : lease.limitAt);
    }
    this.#wakeAt(next);
  }

  async #extend(calls: QueueCalls, leases: readonly Lease[]): Promise<void> {
    const { clock, visibilitySeconds } = this.#options;
    const now = clock.now();
    const extensions: { readonly lease: Lease; readonly seconds: number; readonly receiptHandle: string }[] = [];
    for (const lease of leases) {
      const seconds = Math.min(visibilitySeconds, Math.floor((lease.hardLimitAt - now) / 1_000));
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
          // The message came again meanwhile: what SQS says about the old handle says nothing about the new one.
          this.#retrySoon(lease);
        } else if (failure === undefined) {
          lease.expiresAt = now + seconds * 1_000;
          lease.extendAt = now + (seconds * 1_000) / 3;
          this.#options.onExtended(lease);
        } else {
          this.#refused(lease, failure);
        }
      });
    } catch (error) {
      extensions.forEach(({ lease }) => {
        this.#extending.delete(lease);
        this.#retrySoon(lease);
      });
      this.#options.onCallFailed(error, calls);
    }
    this.#schedule();
  }

  #refused(lease: Lease, failure: EntryFailure): void {
    if (!this.#leases.has(lease)) {
      return;
    }
    if (/beyond the limit/i.test(failure.message)) {
      lease.extendAt = Number.POSITIVE_INFINITY;
      if (!lease.limitTold) {
        lease.tellLimit();
      }
    } else if (/ReceiptHandleIsInvalid|InvalidParameterValue|MessageNotInflight/i.test(failure.code)) {
      this.#lose(lease, 'gone');
    } else {
      this.#retrySoon(lease);
    }
  }

  #retrySoon(lease: Lease): void {
    lease.extendAt = this.#options.clock.now() + Math.min(MAX_RETRY_MS, (this.#options.visibilitySeconds * 1_000) / 12);
  }

  #lose(lease: Lease, cause: 'expired' | 'gone'): void {
    this.end(lease);
    lease.lose(cause);
    this.#options.onLost(lease);
  }
}
