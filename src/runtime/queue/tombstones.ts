import { type Clock } from '../support/clock.js';

const MAX_TOMBSTONES = 20_000;

/**
 * Remembers messages whose work is done, so that a late delivery of one is deleted and not worked on again.
 *
 * It speaks for this process only, for a limited time and number: work must be idempotent all the same.
 */
export class Tombstones {
  readonly #until = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly lifeMs: number,
  ) {}

  add(messageId: string): void {
    // Deleting first keeps the map in order of age, which makes forgetting cheap.
    this.#until.delete(messageId);
    this.#until.set(messageId, this.clock.now() + this.lifeMs);
    for (const [oldest, until] of this.#until) {
      if (until > this.clock.now() && this.#until.size <= MAX_TOMBSTONES) {
        break;
      }
      this.#until.delete(oldest);
    }
  }

  has(messageId: string): boolean {
    return (this.#until.get(messageId) ?? Number.NEGATIVE_INFINITY) > this.clock.now();
  }
}
