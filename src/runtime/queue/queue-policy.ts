import { randomUUID } from 'node:crypto';
import { type Lease } from './lease.js';
import { type ReceivedMessage } from './transport.js';
import { HandOffRefused } from '../errors.js';

/** What differs between the two kinds of queues. */
export interface QueuePolicy {
  readonly kind: 'standard' | 'FIFO';
  /** Messages of a queue that may wait here at the same time. */
  readonly maxWaiting: number;
  /** Whether a failed message stays here until its next attempt, so that no later message overtakes it. */
  readonly retriesInPlace: boolean;
  /** Whether a new message may take the place of one without changing the order. */
  readonly canResend: boolean;
  createBuffer(now: () => number): MessageBuffer;
  createAttemptIds(): AttemptIds;
  /** How long a delete waits for others to share a call, and the duration of a job after which it does not wait. */
  deleteLinger(configuredMs: number): { readonly ms: number; readonly maxJobMs: number };
  /** Identifies the copy of a message in the dead-letter queue. */
  deduplicationId(message: ReceivedMessage): string | undefined;
  /** @throws HandOffRefused */
  checkHandOff(queueName: string): void;
}

/** Leased messages without a slot. */
export interface MessageBuffer {
  readonly size: number;
  /** Messages that could start now. */
  ready(now: number): number;
  /** Clock time after `now` at which the next message becomes ready that waits for its next attempt. */
  nextReadyAt(now: number): number;
  push(lease: Lease): void;
  /** The next message to start; on a FIFO queue its group is busy from here until `groupDone` or `putBack`. */
  take(now: number): Lease | undefined;
  /** The message that was taken is settled. @returns whether another one may be ready because of it */
  groupDone(lease: Lease): boolean;
  /** The message that was taken failed: it stays first in its group and starts again no earlier than `notBefore`. */
  putBack(lease: Lease, notBefore: number): void;
  /** Removes a message and, on a FIFO queue, all of its group, which must not overtake it. In order. */
  drop(lease: Lease): Lease[];
  /** Removes every message, in order. */
  clear(): Lease[];
  /** Messages that have waited since before `time`. */
  olderThan(time: number): Lease[];
}

/** Ids of receives. SQS answers one with a known id with the same messages, so that a lost answer hides none. */
export interface AttemptIds {
  next(now: number): string | undefined;
  /** The answer to a receive was lost; the next receive repeats its id. */
  answerLost(id: string | undefined, requestedAt: number, now: number): void;
}

/** A delete does not wait for others after a job that took this many times the wait. */
const LINGERS_OF_LONG_JOB = 10;
/** A few groups could fill any buffer. */
const MAX_FIFO_WAITING = 200;
/** SQS remembers the attempt id of a FIFO receive for five minutes; the margin is for the way to SQS. */
const ATTEMPT_ID_LIFE_MS = 240_000;

export const standardPolicy: QueuePolicy = {
  kind: 'standard',
  maxWaiting: Number.POSITIVE_INFINITY,
  retriesInPlace: false,
  canResend: true,
  createBuffer: (now) => new StandardBuffer(now),
  createAttemptIds: () => ({ next: () => undefined, answerLost: () => undefined }),
  deleteLinger: (ms) => ({ ms, maxJobMs: LINGERS_OF_LONG_JOB * ms }),
  deduplicationId: () => undefined,
  checkHandOff: () => undefined,
};

export const fifoPolicy: QueuePolicy = {
  kind: 'FIFO',
  maxWaiting: MAX_FIFO_WAITING,
  retriesInPlace: true,
  canResend: false,
  createBuffer: () => new FifoBuffer(),
  createAttemptIds: () => new FifoAttemptIds(),
  // SQS delivers no message of a group until the one before is deleted, so a delete never waits.
  deleteLinger: () => ({ ms: 0, maxJobMs: Number.NEGATIVE_INFINITY }),
  deduplicationId: ({ messageId }) => messageId,
  checkHandOff: (queueName) => {
    throw new HandOffRefused(
      `queue ${queueName} is FIFO: the rest of the job would run after later messages of its group`,
    );
  },
};

export function policyOf(queueUrl: string): QueuePolicy {
  return queueUrl.endsWith('.fifo') ? fifoPolicy : standardPolicy;
}

class StandardBuffer implements MessageBuffer {
  readonly #since = new Map<Lease, number>();

  constructor(private readonly now: () => number) {}

  get size(): number {
    return this.#since.size;
  }

  ready(): number {
    return this.#since.size;
  }

  nextReadyAt(): number {
    return Number.POSITIVE_INFINITY;
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

  groupDone(): boolean {
    return false;
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
class FifoBuffer implements MessageBuffer {
  readonly #groups = new Map<string, Group>();

  get size(): number {
    return [...this.#groups.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  ready(now: number): number {
    return [...this.#groups.values()].filter((group) => isReady(group, now)).length;
  }

  nextReadyAt(now: number): number {
    const waiting = [...this.#groups.values()].filter((group) => !group.busy && group.waiting.length > 0);
    return Math.min(...waiting.map(({ notBefore }) => notBefore).filter((time) => time > now));
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

  groupDone(lease: Lease): boolean {
    const group = this.#group(lease);
    group.busy = false;
    group.notBefore = 0;
    // Round robin: the group that ran last moves to the end of the map.
    this.#groups.delete(groupIdOf(lease));
    if (group.waiting.length > 0) {
      this.#groups.set(groupIdOf(lease), group);
    }
    return true;
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

  /** A message of a FIFO queue is not released because it waits: its group stays blocked for other workers anyway. */
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

class FifoAttemptIds implements AttemptIds {
  #lost: { readonly id: string; readonly at: number } | undefined;

  next(now: number): string {
    const lost = this.#lost;
    this.#lost = undefined;
    return lost !== undefined && now - lost.at < ATTEMPT_ID_LIFE_MS ? lost.id : randomUUID();
  }

  answerLost(id: string | undefined, requestedAt: number, now: number): void {
    if (id !== undefined && now - requestedAt < ATTEMPT_ID_LIFE_MS) {
      this.#lost = { id, at: requestedAt };
    }
  }
}
