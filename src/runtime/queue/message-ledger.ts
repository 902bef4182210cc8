import { type Lease } from './lease.js';
import { type ReceivedMessage } from './transport.js';
import { type Clock } from '../support/clock.js';

const MAX_TOMBSTONES = 20_000;

/**
 * Recognizes redelivered messages: those that this process holds and those that it has finished. A standard queue may
 * deliver a message twice, and after a lost lease a message is redelivered while its handler may still run.
 *
 * A message is held until its lease has ended and its handler has ended, whichever is later. A finished message leaves
 * a tombstone, for a limited time, in a limited number and in this process only: work must be idempotent all the same.
 */
export class MessageLedger {
  readonly #held = new Map<string, Lease>();
  readonly #running = new Set<Lease>();
  /** Message id to the clock time at which its tombstone expires, in order of age. */
  readonly #tombstones = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly tombstoneMs: number,
  ) {}

  /** @returns undefined for a message that is to be worked on */
  find({ messageId }: ReceivedMessage): Lease | 'finished' | undefined {
    const isFinished = (this.#tombstones.get(messageId) ?? Number.NEGATIVE_INFINITY) > this.clock.now();
    return isFinished ? 'finished' : this.#held.get(messageId);
  }

  hold(lease: Lease): void {
    this.#held.set(lease.id, lease);
  }

  /** Ids of the messages whose lease has not ended. */
  activeIds(): readonly string[] {
    return [...this.#held.values()].filter(({ isActive }) => isActive).map(({ id }) => id);
  }

  handlerStarted(lease: Lease): void {
    this.#running.add(lease);
  }

  handlerEnded(lease: Lease): void {
    this.#running.delete(lease);
    this.#forget(lease);
  }

  /** The work is done, whether or not SQS confirms the delete. */
  finished({ id }: Lease): void {
    const now = this.clock.now();
    // Deleting first keeps the map in order of age, so that only the oldest must be looked at.
    this.#tombstones.delete(id);
    this.#tombstones.set(id, now + this.tombstoneMs);
    for (const [oldest, expiresAt] of this.#tombstones) {
      if (expiresAt > now && this.#tombstones.size <= MAX_TOMBSTONES) {
        break;
      }
      this.#tombstones.delete(oldest);
    }
  }

  settled(lease: Lease): void {
    lease.settle();
    this.#forget(lease);
  }

  #forget(lease: Lease): void {
    if (!lease.isActive && !this.#running.has(lease) && this.#held.get(lease.id) === lease) {
      this.#held.delete(lease.id);
    }
  }
}
