import { setImmediate } from 'node:timers/promises';

/**
 * Lets work that keeps the CPU busy pass in portions, with a turn of the event loop between them, in which answers that
 * others wait for are read.
 * Without it, what fifty requests bring at once is worked on at once.
 */
export class Portions {
  readonly #bytes: number;
  #taken = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param bytes of a portion */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Resolves when it is the turn of so many bytes. */
  async take(bytes: number): Promise<void> {
    this.#taken += bytes;
    if (this.#taken >= this.#bytes) {
      this.#taken = 0;
      this.#turn = this.#turn.then(() => setImmediate());
    }
    await this.#turn;
  }
}
