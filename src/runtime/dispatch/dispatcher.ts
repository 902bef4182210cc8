import { decide } from './decide.js';
import {
  type Arrival,
  type Decision,
  type DispatchEvent,
  type DispatchState,
  type EventOf,
  type FreePlace,
  type Outcome,
} from './events.js';
import { type FileObject, type FileRow, type PauseRow, type QueuedFile, isHeld, isTerminal } from './rows.js';
import { freePlace, freePlaces, type Limit, type Limits, limitsOf } from './limits.js';
import { type DispatchStore } from './store.js';
import { FileworksError } from '../errors.js';

/** Attempts to commit a decision before the operation fails and is retried by its caller. */
const MAX_ATTEMPTS = 12;
/** Number of queued files among which claims choose randomly if a sequence has several slots, to reduce contention. */
const SPREAD = 20;
/** Number of queued files among which a claim looks for one that is not held by a changed grouping. */
const BEHIND_HELD = 1_000;

export interface DispatcherOptions {
  readonly store: DispatchStore;
  /** Schedules `tick(id)` after a delay. Best effort: it may be lost, repeated or early. */
  readonly wake: (id: string, delayMs: number) => Promise<void>;
  /** Milliseconds since 1970; determines only when to check, never the outcome. Default: `Date.now`. */
  readonly now?: () => number;
  /**
   * Limits of concurrently running files across sequences. Files without a sequence are not limited. Default: no
   * limits.
   */
  readonly limits?: Limits;
  /** Random numbers from 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** Events of a registered file. */
export type FileEvent = Exclude<
  DispatchEvent,
  { type: 'arrive' | 'remove' | 'claim' | 'pause' | 'resume' | 'regroup' }
>;

/** Too many concurrent changes of the same rows; retry later. */
export class Contention extends FileworksError {
  readonly code = 'ERR_DISPATCH_CONTENTION';
}

/**
 * Records events and claims turns of files. Every method may be called concurrently, at any time and repeatedly: each
 * reads rows, decides, and commits only if those rows are unchanged.
 */
export class Dispatcher {
  readonly #store: DispatchStore;
  readonly #wake: DispatcherOptions['wake'];
  readonly #now: () => number;
  readonly #limits: Limits;
  readonly #random: () => number;

  constructor({ store, wake, now = () => Date.now(), limits = {}, random = Math.random }: DispatcherOptions) {
    this.#store = store;
    this.#wake = wake;
    this.#now = now;
    this.#limits = limits;
    this.#random = random;
  }

  /**
   * Registers a file and claims free slots. For a registered file only the second step is done, in case an earlier call
   * was interrupted before it.
   */
  async register(arrival: Arrival): Promise<Outcome> {
    const outcome = await this.#commitDecision({ type: 'arrive', arrival }, (lost) =>
      this.#stateOfArrival(arrival, lost),
    );
    if (arrival.sequence === undefined) {
      await this.#wake(arrival.id, 0);
    } else {
      await this.drive(arrival.sequence, arrival.slots);
    }
    return outcome;
  }

  /** Records that the object was deleted. `version`: the file of the deleted version, if the bucket has versioning. */
  async remove(object: FileObject, correlationId: string, version?: EventOf<'remove'>['version']): Promise<Outcome> {
    const state = async (): Promise<DispatchState> => {
      if (object.versionId !== undefined) {
        return this.#withFile(version?.id);
      }
      const key = await this.#store.key(object.bucket, object.key);
      const latest = key?.file === undefined ? undefined : await this.#store.file(key.file);
      return { ...(key && { key }), ...(latest && { latest }) };
    };
    return this.#commitDecision({ type: 'remove', object, correlationId, ...(version && { version }) }, state);
  }

  /**
   * Claims the next file of the queue for every free slot of a sequence, and requests the launches.
   *
   * @param slots number of slots, if the caller knows it: saves the read of the queue when all slots are taken
   */
  async drive(sequence: string, slots = Infinity): Promise<void> {
    for (let attempts = 0; attempts < MAX_ATTEMPTS;) {
      const heads = await this.#store.heads(sequence);
      const held = new Set(heads.filter(({ holder }) => holder !== undefined).map(({ slot }) => slot));
      if (held.size >= slots) {
        return;
      }
      // Read after the heads: every later claim of a slot changes its version
      const [first, pauses] = await Promise.all([
        this.#store.queued(sequence, heads.length > 1 ? SPREAD : 1),
        this.#store.pauses(),
      ]);
      const queue = await this.#notHeld(sequence, first, pauses);
      // Places that files took when the type had more of them count until they are free
      if (queue.length === 0 || held.size >= queue[0].slots) {
        return;
      }
      const free = Array.from({ length: queue[0].slots }, (_, slot) => slot).filter((slot) => !held.has(slot));
      if (free.length === 0) {
        return;
      }
      const slot = this.#pick(free);
      const queued = this.#next(queue);
      const head = heads.find((row) => row.slot === slot);
      const places = await this.#places(queued.type);
      if (places === undefined) {
        return;
      }
      const { outcome, writes } = decide(
        { queued, places, ...(head && { head }), ...(pauses && { pauses }) },
        { type: 'claim', slot },
        this.#now(),
      );
      if (outcome === 'early') {
        await this.#wake(queued.id, (queued.notBefore ?? 0) - this.#now());
        return;
      }
      if (outcome === 'paused') {
        return;
      }
      if (!(await this.#store.commit(writes))) {
        attempts += 1;
      } else {
        await this.#wake(queued.id, 0);
        if (queued.slots === 1) {
          return;
        }
      }
    }
    throw new Contention(`too many concurrent claims in sequence ${sequence}`);
  }

  /** After a deployment changed how files are grouped, those with the former grouping pass those that are held. */
  async #notHeld(
    sequence: string,
    queue: readonly QueuedFile[],
    pauses: PauseRow | undefined,
  ): Promise<readonly QueuedFile[]> {
    if (pauses === undefined || !queue.some((file) => isHeld(pauses, file))) {
      const [first] = queue;
      // Files of a type without an order do not wait for one that still settles
      return queue.length === 1 && first.slots > 1 && (first.notBefore ?? 0) > this.#now()
        ? this.#store.queued(sequence, SPREAD)
        : queue;
    }
    return (await this.#store.queued(sequence, BEHIND_HELD)).filter((file) => !isHeld(pauses, file));
  }

  /** Makes the groupings of a deployment active as far as the open files of their types allow. */
  async regroup(types: EventOf<'regroup'>['types']): Promise<Outcome> {
    return this.#commitDecision({ type: 'regroup', types }, () => this.#withPauses());
  }

  /** Applies an event to a file, and claims the slots that it frees. */
  async apply(id: string, event: FileEvent): Promise<Outcome> {
    const state =
      event.type === 'retry'
        ? async () => ({ ...(await this.#withFile(id)), ...(await this.#withPauses()) })
        : () => this.#withFile(id);
    const outcome = await this.#commitDecision(event, state);
    if (outcome !== 'paused') {
      await this.advanceFile(id);
    }
    return outcome;
  }

  /**
   * Follows up on a change of a file: schedules the retry of a waiting file, or claims the freed slot of the sequence.
   */
  async advanceFile(id: string): Promise<void> {
    const file = await this.#store.file(id);
    if (file === undefined) {
      return;
    }
    if (file.status === 'waiting') {
      await this.#wake(id, Math.max(0, (file.notBefore ?? 0) - this.#now()));
    } else if (file.status === 'starting') {
      await this.#wake(id, 0);
    } else if (file.sequence === undefined) {
      return;
    } else if (file.status === 'queued') {
      await this.drive(file.sequence);
    } else if (file.status === 'blocked' || isTerminal(file.status)) {
      await this.continueSequence(file.type, file.sequence, [id]);
    }
  }

  /**
   * Pauses a type, a sequence or, with `*`, everything: its files are not claimed, retried or launched until it is
   * resumed.
   *
   * An operation that read the rows just before the pause can still claim or launch one file.
   */
  async pause(scope: string, reason: string): Promise<Outcome> {
    return this.#commitDecision({ type: 'pause', scope, reason }, () => this.#withPauses());
  }

  /** Ends a pause. Paused files continue with the next event of their sequence, at the latest with the next sweep. */
  async resume(scope: string): Promise<Outcome> {
    return this.#commitDecision({ type: 'resume', scope }, () => this.#withPauses());
  }

  /**
   * Continues a sequence after turns of its files ended. If other sequences wait for a limit, they are served in turn,
   * starting with the one after this sequence.
   */
  async continueSequence(type: string, sequence: string, files: readonly string[]): Promise<void> {
    const limits = limitsOf(this.#limits, type);
    if (limits.length === 0) {
      return this.drive(sequence);
    }
    for (const limit of limits) {
      await freePlaces(this.#store, limit, files);
    }
    for await (const next of this.#store.backlog(sequence)) {
      if ((await this.#placesUnder(limits.slice(-1))) === undefined) {
        return;
      }
      await this.drive(next.sequence);
    }
  }

  /** Frees places of files that no longer run, under every limit; recovers lost end events. */
  async releaseStalePlaces(types: readonly string[]): Promise<void> {
    const limits = new Map(types.flatMap((type) => limitsOf(this.#limits, type)).map((limit) => [limit.name, limit]));
    for (const limit of limits.values()) {
      await freePlaces(this.#store, limit);
    }
  }

  /** Postpones the next check of a file, by a default or by the given time. */
  async postponeCheck(id: string, afterMs?: number): Promise<void> {
    await this.#commitDecision({ type: 'postpone', ...(afterMs !== undefined && { afterMs }) }, () =>
      this.#withFile(id),
    );
  }

  /** Records that the worker of a file is about to be stopped. @returns whether it still has the file */
  async recordStop(id: string, epoch: number, worker: string, reason: string): Promise<boolean> {
    const outcome = await this.#commitDecision({ type: 'stop', epoch, worker, reason }, () => this.#withFile(id));
    return outcome === 'kept';
  }

  async #commitDecision(event: DispatchEvent, read: (lost: boolean) => Promise<DispatchState>): Promise<Outcome> {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
      const { outcome, writes }: Decision = decide(await read(attempts > 0), event, this.#now());
      if (writes.length === 0 || (await this.#store.commit(writes))) {
        return outcome;
      }
    }
    throw new Contention(`too many concurrent changes during a ${event.type}`);
  }

  /** Registration does not read the file first: if it exists, the commit fails and the file is read then. */
  async #stateOfArrival(arrival: Arrival, lost: boolean): Promise<DispatchState> {
    const file = lost ? await this.#store.file(arrival.id) : undefined;
    if (file !== undefined) {
      return { file };
    }
    const { bucket, key: objectKey } = arrival.object;
    const key = arrival.overwrite === 'latest' ? await this.#store.key(bucket, objectKey) : undefined;
    const latest = key?.file === undefined ? undefined : await this.#store.file(key.file);
    const late =
      arrival.late === 'run-next' || arrival.sequence === undefined
        ? undefined
        : await this.#lateState(arrival.sequence);
    return { ...(key && { key }), ...(latest && { latest }), ...late };
  }

  async #lateState(sequence: string): Promise<DispatchState> {
    const head = (await this.#store.heads(sequence)).find(({ slot }) => slot === 0);
    const lastQueued = await this.#store.lastQueued(sequence);
    return { ...(head && { head }), ...(lastQueued !== undefined && { lastQueued }) };
  }

  /** A free place under every limit of a type; undefined if a limit is reached. */
  async #places(type: string): Promise<readonly FreePlace[] | undefined> {
    return this.#placesUnder(limitsOf(this.#limits, type));
  }

  async #placesUnder(limits: readonly Limit[]): Promise<readonly FreePlace[] | undefined> {
    const places = await Promise.all(limits.map((limit) => freePlace(this.#store, limit, (free) => this.#pick(free))));
    return places.every((place) => place !== undefined) ? places : undefined;
  }

  async #withPauses(): Promise<DispatchState> {
    const pauses: PauseRow | undefined = await this.#store.pauses();
    return pauses === undefined ? {} : { pauses };
  }

  async #withFile(id: string | undefined): Promise<DispatchState> {
    const file: FileRow | undefined = id === undefined ? undefined : await this.#store.file(id);
    return file === undefined ? {} : { file };
  }

  /** The first file in order; of a type without an order, any that need not wait, or the one that waits least. */
  #next(queue: readonly QueuedFile[]): QueuedFile {
    const [first] = queue;
    if (first.slots === 1) {
      return first;
    }
    const now = this.#now();
    const ready = queue.filter(({ notBefore = 0 }) => notBefore <= now);
    return ready.length > 0
      ? this.#pick(ready)
      : queue.reduce((one, other) => ((other.notBefore ?? 0) < (one.notBefore ?? 0) ? other : one));
  }

  #pick<T extends number | QueuedFile>(from: readonly T[]): T {
    return from[Math.min(from.length - 1, Math.floor(this.#random() * from.length))];
  }
}
