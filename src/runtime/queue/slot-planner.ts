import { type Clock } from '../support/clock.js';

/** What the choice of a queue depends on. */
export interface SlotUser {
  /** Whether a message could start now. */
  readonly isReady: boolean;
  readonly queue: { readonly weight: number };
}

/** Chooses the queue that gets the next free slot. */
export type SlotChooser<Lane extends SlotUser> = () => Lane | undefined;

/** The first queue that has a message ready, in the order of the options. */
export function strictPriority<Lane extends SlotUser>(lanes: readonly Lane[]): SlotChooser<Lane> {
  return () => lanes.find((lane) => lane.isReady);
}

/**
 * Smooth weighted round robin: every ready queue earns its weight; the one with the most credit is served and pays the
 * sum of what all earned.
 *
 * Over time each busy queue gets slots in proportion to its weight, spread evenly. An idle queue saves no credit.
 */
export function weightedRoundRobin<Lane extends SlotUser>(lanes: readonly Lane[]): SlotChooser<Lane> {
  const credit = new Map(lanes.map((lane) => [lane, 0]));
  return () => {
    let total = 0;
    let richest: Lane | undefined;
    for (const lane of lanes) {
      if (!lane.isReady) {
        credit.set(lane, 0);
        continue;
      }
      total += lane.queue.weight;
      credit.set(lane, (credit.get(lane) ?? 0) + lane.queue.weight);
      if (richest === undefined || (credit.get(lane) ?? 0) > (credit.get(richest) ?? 0)) {
        richest = lane;
      }
    }
    if (richest !== undefined) {
      credit.set(richest, (credit.get(richest) ?? 0) - total);
    }
    return richest;
  };
}

/** How much work may be held here instead of being visible to other workers. */
const HORIZON_SECONDS = 1;
/** Total length of the bodies held, in characters; a message has up to a million. */
const MAX_WAITING_LENGTH = 32 * 1024 * 1024;
const MAX_PREFETCH = 500;
/** Number of jobs in the moving average. */
const MEMORY = 100;

/**
 * Plans how many messages to hold ahead of free slots.
 *
 * Enough that a slot never waits for a receive: one message for each slot, since jobs of equal length end together, and
 * one batch more. But at most about a second of work, so that long jobs are not prefetched and no message waits here
 * that another worker could process.
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
    // No job ended during two horizons: whatever the mean is, jobs are long now.
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
