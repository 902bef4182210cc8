import { type Lease } from './lease.js';

/** Messages that are leased and wait for a slot. */
export interface MessageBuffer {
  readonly size: number;
  /** Messages that could start now. */
  ready(now: number): number;
  /** Clock time at which one that waits on purpose can start. */
  readonly nextReadyAt: number;
  push(lease: Lease): void;
  /** The next message to start; on a FIFO queue its group is busy from here until `groupDone` or `putBack`. */
  take(now: number): Lease | undefined;
  /** The message that was taken is settled; its group may go on. */
  groupDone(lease: Lease): void;
  /** The message that was taken failed: it stays first in its group and starts again no earlier than `notBefore`. */
  putBack(lease: Lease, notBefore: number): void;
  /** Takes out a message and, on a FIFO queue, all of its group, which must not overtake it. In order. */
  drop(lease: Lease): Lease[];
  /** Takes out every message, in order. */
  clear(): Lease[];
  /** Messages that have waited since before `time`. */
  olderThan(time: number): Lease[];
}

export class StandardBuffer implements MessageBuffer {
  readonly nextReadyAt = Number.POSITIVE_INFINITY;
  readonly #since = new Map<Lease, number>();

  constructor(private readonly now: () => number) {}

  get size(): number {
    return this.#since.size;
  }

  ready(): number {
    return this.#since.size;
  }

  push(lease: Lease): void {
    this.#since.set(lease, this.now());
  }

  take(): Lease | undefined {
    for (const lease of this.#since.keys()) {
      this.#since.delete(lease);
      return lease;
    }
    return undefined;
  }

  groupDone(): void {
    // Messages of a standard queue do not wait for one another.
  }

  putBack(lease: Lease): void {
    this.push(lease);
  }

  drop(lease: Lease): Lease[] {
    return this.#since.delete(lease) ? [lease] : [];
  }

  clear(): Lease[] {
    const all = [...this.#since.keys()];
    this.#since.clear();
    return all;
  }

  olderThan(time: number): Lease[] {
    return [...this.#since].filter(([, since]) => since < time).map(([lease]) => lease);
  }
}

interface Group {
  busy: boolean;
  notBefore: number;
  readonly waiting: Lease[];
}

/** Keeps the order inside each message group: one message of a group at a time, a failed one before its followers. */
export class FifoBuffer implements MessageBuffer {
  readonly #groups = new Map<string, Group>();

  get size(): number {
    return [...this.#groups.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  get nextReadyAt(): number {
    const waiting = [...this.#groups.values()].filter((group) => !group.busy && group.waiting.length > 0);
    return Math.min(...waiting.map(({ notBefore }) => notBefore));
  }

  ready(now: number): number {
    return [...this.#groups.values()].filter((group) => isReady(group, now)).length;
  }

  push(lease: Lease): void {
    this.#group(lease).waiting.push(lease);
  }

  take(now: number): Lease | undefined {
    for (const group of this.#groups.values()) {
      if (isReady(group, now)) {
        group.busy = true;
        return group.waiting.shift();
      }
    }
    return undefined;
  }

  groupDone(lease: Lease): void {
    const group = this.#group(lease);
    group.busy = false;
    group.notBefore = 0;
    // Groups take turns: the one that just ran goes to the end of the map.
    this.#groups.delete(groupIdOf(lease));
    if (group.waiting.length > 0) {
      this.#groups.set(groupIdOf(lease), group);
    }
  }

  putBack(lease: Lease, notBefore: number): void {
    const group = this.#group(lease);
    group.busy = false;
    group.notBefore = notBefore;
    group.waiting.unshift(lease);
  }

  drop(lease: Lease): Lease[] {
    const group = this.#groups.get(groupIdOf(lease));
    if (group?.busy === false) {
      this.#groups.delete(groupIdOf(lease));
    }
    return group?.waiting.splice(0) ?? [];
  }

  clear(): Lease[] {
    return [...this.#groups.values()].flatMap(({ waiting }) => waiting.splice(0));
  }

  /** A message of a FIFO queue is never given back because it waits: its group is blocked for other workers anyway. */
  olderThan(): Lease[] {
    return [];
  }

  #group(lease: Lease): Group {
    const id = groupIdOf(lease);
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = { busy: false, notBefore: 0, waiting: [] };
      this.#groups.set(id, group);
    }
    return group;
  }
}

function groupIdOf(lease: Lease): string {
  return lease.message.groupId ?? '';
}

function isReady(group: Group, now: number): boolean {
  return !group.busy && group.waiting.length > 0 && group.notBefore <= now;
}
