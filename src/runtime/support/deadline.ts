import { type Clock, type Timer } from './clock.js';

/** A time that can be brought forward and never put off. */
export class Deadline {
  /** Resolves when the time has come. */
  readonly reached: Promise<void>;
  readonly #clock: Clock;
  #resolve!: () => void;
  #at = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock, afterMs: number) {
    this.#clock = clock;
    this.reached = new Promise((resolve) => (this.#resolve = resolve));
    this.bringTo(afterMs);
  }

  /** @param afterMs from now; a later time than the one that is set changes nothing */
  bringTo(afterMs: number): void {
    const at = this.#clock.now() + afterMs;
    if (at < this.#at) {
      this.cancel();
      this.#at = at;
      this.#timer = this.#clock.after(Math.max(0, afterMs), this.#resolve);
    }
  }

  cancel(): void {
    this.#timer?.cancel();
  }
}
