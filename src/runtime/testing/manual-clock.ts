import { type Clock, type Timer } from '../support/clock.js';

interface Entry {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is moved, for tests of work that takes hours. */
export class ManualClock implements Clock {
  #now = 0;
  #date: number;
  readonly #timers = new Set<Entry>();

  /** @param start the date at which the clock begins */
  constructor(start = new Date('2026-01-01T00:00:00Z')) {
    this.#date = start.getTime();
  }

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(this.#date);
  }

  after(ms: number, callback: () => void): Timer {
    const entry = { at: this.#now + Math.max(0, ms), callback };
    this.#timers.add(entry);
    return { cancel: () => this.#timers.delete(entry) };
  }

  /**
   * Moves time forward, running every timer at its time and letting the work that it started proceed before the next.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#moveTo(next.at);
      this.#timers.delete(next);
      next.callback();
      await settle();
    }
    this.#moveTo(end);
    await settle();
  }

  /**
   * Moves time forward in one step, as for a process that was blocked or frozen: timers run late, all at the new time.
   */
  async jump(ms: number): Promise<void> {
    this.#moveTo(this.#now + ms);
    await this.advance(0);
  }

  /** Changes the date only, as when the clock of the machine is set. */
  setDate(date: Date): void {
    this.#date = date.getTime();
  }

  #moveTo(time: number): void {
    const step = Math.max(0, time - this.#now);
    this.#date += step;
    this.#now += step;
  }

  #next(end: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#timers) {
      if (entry.at <= end && (first === undefined || entry.at < first.at)) {
        first = entry;
      }
    }
    return first;
  }
}

/** Lets promises and immediate callbacks run until nothing is left to do at this moment. */
async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
