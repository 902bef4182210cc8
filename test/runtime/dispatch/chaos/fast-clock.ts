/**
 * A millisecond of real time is so many of the dispatchers' clocks: a launch is checked after 45 ms, a silent container
 * after 30.
 */
export const SPEED = 20_000;
/** What an engine on an idle machine needs for a call, with room. */
const USUAL_ANSWER_MS = 8;

/** Time that runs fast, and slower while the store answers slowly: a busy machine alone must not make limits pass. */
export class FastClock {
  #now = 0;
  #readAt = performance.now();
  #answerMs = 0;

  now(): number {
    const real = performance.now();
    this.#now += (real - this.#readAt) * this.#rate;
    this.#readAt = real;
    return this.#now;
  }

  /** How long so many milliseconds of this clock are in real ones. */
  real(milliseconds: number): number {
    return milliseconds / this.#rate;
  }

  /** The store answered a call after so many real milliseconds. */
  answered(milliseconds: number): void {
    this.now();
    this.#answerMs += (milliseconds - this.#answerMs) / 16;
  }

  get #rate(): number {
    return SPEED * Math.min(1, USUAL_ANSWER_MS / this.#answerMs);
  }
}
