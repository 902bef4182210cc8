import { setImmediate } from 'node:timers/promises';

/**
 * Splits CPU-bound work into portions and yields to the event loop between them, so that pending I/O is processed.
 * Otherwise the responses of fifty concurrent requests would be processed in one turn of the event loop.
 */
export class Portions {
  readonly #bytes: number;
  #taken = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param bytes size of a portion */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Resolves when the given number of bytes may be processed. */
  async take(bytes: number): Promise<void> {
    this.#taken += bytes;
    if (this.#taken >= this.#bytes) {
      this.#taken = 0;
      this.#turn = this.#turn.then(() => setImmediate());
    }
    await this.#turn;
  }
}
