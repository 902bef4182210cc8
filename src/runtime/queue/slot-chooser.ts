import { type QueueLane } from './queue-lane.js';

/** Says which queue gets the next free slot. */
export type SlotChooser = () => QueueLane | undefined;

/** The first queue that has a message ready, in the order of the options. */
export function strictPriority(lanes: readonly QueueLane[]): SlotChooser {
  return () => lanes.find((lane) => lane.isReady);
}

/**
 * Smooth weighted round robin: every ready queue earns its weight, the richest is served and pays what all earned
 * together.
 * Over time each busy queue gets slots in proportion to its weight, spread evenly, and an idle one neither saves up nor
 * costs.
 */
export function weightedRoundRobin(lanes: readonly QueueLane[]): SlotChooser {
  const credit = new Map(lanes.map((lane) => [lane, 0]));
  return () => {
    let total = 0;
    let richest: QueueLane | undefined;
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
