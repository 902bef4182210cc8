import { type Lease } from './lease.js';
import { Tombstones } from './tombstones.js';
import { type ReceivedMessage } from './transport.js';
import { type Clock } from '../support/clock.js';

/**
 * Which messages this process has in its hands and which it has finished, so that it knows a repeated delivery when it
 * sees one: a standard
 * queue may deliver a message twice, and a lost lease brings it back while its handler may still run.
 *
 * A message is held until its fate is settled and its handler has ended, whichever is later.
 */
export class MessageLedger {
  readonly #held = new Map<string, Lease>();
  readonly #running = new Set<Lease>();
  readonly #finished: Tombstones;

  constructor(clock: Clock, tombstoneMs: number) {
    this.#finished = new Tombstones(clock, tombstoneMs);
  }

  /** @returns undefined for a message that is to be worked on */
  find({ messageId }: ReceivedMessage): Lease | 'finished' | undefined {
    return this.#finished.has(messageId) ? 'finished' : this.#held.get(messageId);
  }

  hold(lease: Lease): void {
    this.#held.set(lease.id, lease);
  }

  started(lease: Lease): void {
    this.#running.add(lease);
  }

  /** The work is done, whether or not the queue knows. */
  finished(lease: Lease): void {
    this.#finished.add(lease.id);
  }

  handlerEnded(lease: Lease): void {
    this.#running.delete(lease);
    this.#forget(lease);
  }

  settled(lease: Lease): void {
    lease.ended = true;
    this.#forget(lease);
  }

  #forget(lease: Lease): void {
    if (lease.ended && !this.#running.has(lease) && this.#held.get(lease.id) === lease) {
      this.#held.delete(lease.id);
    }
  }
}
