import { type Clock } from '../support/clock.js';

/** How much work may wait here instead of being visible to other workers. */
const HORIZON_SECONDS = 1;
/** Bodies that may wait here, in characters; a message has up to a million. */
const MAX_WAITING_LENGTH = 32 * 1024 * 1024;
const MAX_PREFETCH = 500;
/** Jobs that the mean looks back on. */
const MEMORY = 100;

/**
 * Plans how many messages to hold ahead of free slots.
 *
 * Enough that a slot never waits for a receive: a whole round of slots, since equal jobs end together, and one batch on
 * its way. But no
 * more than about a second of work, so that long jobs are prefetched not at all and nothing waits here that another
 * worker could do.
 */
export class PrefetchPlanner {
  #meanMs = 0;
  #ended = 0;
  #lastEnd = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly concurrency: number,
    private readonly fixed: 'auto' | number,
  ) {}

  jobEnded(durationMs: number): void {
    this.#ended += 1;
    this.#meanMs += (durationMs - this.#meanMs) / Math.min(this.#ended, MEMORY);
    this.#lastEnd = this.clock.now();
  }

  target(meanBodyLength: number): number {
    if (this.fixed !== 'auto') {
      return this.fixed;
    }
    // Nothing ended for two horizons: whatever the mean says, jobs are long now.
    if (this.#ended === 0 || this.clock.now() - this.#lastEnd > 2_000 * HORIZON_SECONDS) {
      return 0;
    }
    const perSecond = (this.concurrency * 1_000) / Math.max(this.#meanMs, 0.01);
    const wanted = Math.min(
      perSecond * HORIZON_SECONDS,
      this.concurrency + 10,
      MAX_PREFETCH,
      MAX_WAITING_LENGTH / Math.max(meanBodyLength, 1),
    );
    return Math.floor(wanted);
  }
}
