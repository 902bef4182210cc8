import { type Lease } from './lease.js';
import { type ReceivedMessage } from './transport.js';
import { BoundedMap } from '../support/bounded-map.js';

/** Messages whose deliveries without an attempt are remembered. */
const MAX_REMEMBERED = 10_000;

/** Counts the attempts of messages. SQS counts deliveries, and some of them used up none. */
export class Attempts {
  /** After this many attempts a message moves to the dead-letter queue; undefined when it is unknown, or never. */
  max: number | undefined;
  readonly #inPlace = new Map<Lease, number>();
  /** By message id, on a FIFO queue: deliveries that used up no attempt. */
  readonly #postponements = new BoundedMap<string, number>(MAX_REMEMBERED);

  constructor(max: number | undefined) {
    this.max = max;
  }

  /** The number of the attempt that the lease is for, from 1. */
  of(lease: Lease): number {
    return Math.max(1, this.#delivered(lease.message) + (this.#inPlace.get(lease) ?? 0));
  }

  isLast(lease: Lease): boolean {
    return this.max !== undefined && this.of(lease) >= this.max;
  }

  /** Whether SQS moves the message instead of delivering it once more. */
  isLastDelivery(message: ReceivedMessage): boolean {
    return this.max !== undefined && this.#delivered(message) >= this.max;
  }

  /** Whether the next delivery would be an attempt, and not the last one. */
  hasSpareDelivery({ message }: Lease): boolean {
    return message.receiveCount + 1 < (this.max ?? Number.POSITIVE_INFINITY);
  }

  /** The message is tried again without another delivery. */
  retriedInPlace(lease: Lease): void {
    this.#inPlace.set(lease, (this.#inPlace.get(lease) ?? 0) + 1);
  }

  /** The delivery used up no attempt. */
  postponed({ id }: Lease): void {
    this.#postponements.set(id, (this.#postponements.get(id) ?? 0) + 1);
  }

  /** The lease has ended. */
  ended(lease: Lease): void {
    this.#inPlace.delete(lease);
  }

  /** The message will not be delivered again. */
  finished({ id }: Lease): void {
    this.#postponements.delete(id);
  }

  #delivered({ messageId, receiveCount, resent }: ReceivedMessage): number {
    return receiveCount - (this.#postponements.get(messageId) ?? 0) + (resent?.attempts ?? 0);
  }
}
