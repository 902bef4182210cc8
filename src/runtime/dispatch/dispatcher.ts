import { decide } from './decide.js';
import {
  type Arrival,
  type Decision,
  type DispatchEvent,
  type DispatchState,
  type FreePlace,
  type Outcome,
} from './events.js';
import { type FileObject, type FileRow, type PauseRow, type QueuedFile, isTerminal } from './rows.js';
import { freePlace, freePlaces, type Limit, type Limits, limitsOf } from './limits.js';
import { type DispatchStore } from './store.js';
import { FileworksError } from '../errors.js';

/** So many lost races in a row: the message goes back and comes again. */
const MAX_RACES = 12;
/** Where several files may work at once, claims pick among so many, so that they do not all want the same one. */
const SPREAD = 20;

export interface DispatcherOptions {
  readonly store: DispatchStore;
  /** Asks for `tick(id)` after a time, somewhere. A hint: it may be lost, repeated, or early. */
  readonly wake: (id: string, delayMs: number) => Promise<void>;
  /** Milliseconds since 1970; only for when to look, never for what is true. Default: `Date.now`. */
  readonly now?: () => number;
  /** How many files may work at once, over sequences. Files without a sequence are not limited. Default: no limits. */
  readonly limits?: Limits;
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** What may happen to a file that is registered. */
export type FileEvent = Exclude<DispatchEvent, { type: 'arrive' | 'remove' | 'claim' | 'pause' | 'resume' }>;

/** Too many others worked on the same rows; try again later. */
export class Contention extends FileworksError {
  readonly code = 'ERR_DISPATCH_CONTENTION';
}

/**
 * Brings events into the store and files into their turn. Every method may be called by anybody, at any time, as often
 * as they like:
 * each reads, decides, and commits only if what it read still stands.
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
   * Registers a file and starts what can start. A file that is registered already is only driven on: the first time may
   * have died there.
   */
  async register(arrival: Arrival): Promise<Outcome> {
    const outcome = await this.#race({ type: 'arrive', arrival }, (lost) => this.#stateOfArrival(arrival, lost));
    if (arrival.sequence === undefined) {
      await this.#wake(arrival.id, 0);
    } else {
      await this.drive(arrival.sequence, arrival.slots);
    }
    return outcome;
  }

  /** The object was deleted. `id`: the file of the deleted version, where the bucket has versions. */
  async remove(object: FileObject, correlationId: string, id?: string): Promise<Outcome> {
    const state = async (): Promise<DispatchState> => {
      if (object.versionId !== undefined) {
        return this.#withFile(id);
      }
      const key = await this.#store.key(object.bucket, object.key);
      const latest = key?.file === undefined ? undefined : await this.#store.file(key.file);
      return { ...(key && { key }), ...(latest && { latest }) };
    };
    return this.#race({ type: 'remove', object, correlationId }, state);
  }

  /**
   * Claims for every free slot of a sequence the next file of its queue, and has each launched.
   *
   * @param slots number of slots, where the caller knows it: spares the read of the queue when all are taken
   */
  async drive(sequence: string, slots = Infinity): Promise<void> {
    for (let races = 0; races < MAX_RACES;) {
      const heads = await this.#store.heads(sequence);
      const held = new Set(heads.filter(({ holder }) => holder !== undefined).map(({ slot }) => slot));
      if (held.size >= slots) {
        return;
      }
      // After the heads: whoever takes a slot from now on changes its version
      const [queue, pauses] = await Promise.all([
        this.#store.queued(sequence, heads.length > 1 ? SPREAD : 1),
        this.#store.pauses(),
      ]);
      if (queue.length === 0) {
        return;
      }
      const free = Array.from({ length: queue[0].slots }, (_, slot) => slot).filter((slot) => !held.has(slot));
      if (free.length === 0) {
        return;
      }
      const slot = this.#pick(free);
      const queued = queue[0].slots === 1 ? queue[0] : this.#pick(queue);
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
        races += 1;
      } else {
        await this.#wake(queued.id, 0);
        if (queued.slots === 1) {
          return;
        }
      }
    }
    throw new Contention(`too many others drive sequence ${sequence}`);
  }

  /** Lets an event happen to a file; frees what it frees. */
  async apply(id: string, event: FileEvent): Promise<Outcome> {
    const state =
      event.type === 'retry'
        ? async () => ({ ...(await this.#withFile(id)), ...(await this.#withPauses()) })
        : () => this.#withFile(id);
    const outcome = await this.#race(event, state);
    if (outcome !== 'paused') {
      await this.carryOn(id);
    }
    return outcome;
  }

  /**
   * After a change, whoever made it: wakes a file that waits at its time, and drives the sequence whose slot is free.
   */
  async carryOn(id: string): Promise<void> {
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
      await this.goOn(file.type, file.sequence, [id]);
    }
  }

  /**
   * Holds back a type, a sequence (`*`: everything): nothing of it is claimed, tried again or launched until it is
   * resumed.
   *
   * Whoever has read the rows before the pause, milliseconds ago, still claims or launches one file.
   */
  async pause(scope: string, reason: string): Promise<Outcome> {
    return this.#race({ type: 'pause', scope, reason }, () => this.#withPauses());
  }

  /** Ends a pause. What it held back is driven by whoever looks next: the sweeper, at the latest. */
  async resume(scope: string): Promise<Outcome> {
    return this.#race({ type: 'resume', scope }, () => this.#withPauses());
  }

  /**
   * Files of a sequence work no more: it can go on. Where a limit kept other sequences waiting, all take turns: the
   * ones behind this one
   * come first.
   */
  async goOn(type: string, sequence: string, files: readonly string[]): Promise<void> {
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

  /** Frees the places under every limit whose files work no more; for those whose end was not told. */
  async tidy(types: readonly string[]): Promise<void> {
    const limits = new Map(types.flatMap((type) => limitsOf(this.#limits, type)).map((limit) => [limit.name, limit]));
    for (const limit of limits.values()) {
      await freePlaces(this.#store, limit);
    }
  }

  /** Nobody else has to look at a file for a while, or for the time that is given. */
  async look(id: string, afterMs?: number): Promise<void> {
    await this.#race({ type: 'look', ...(afterMs !== undefined && { afterMs }) }, () => this.#withFile(id));
  }

  async #race(event: DispatchEvent, read: (lost: boolean) => Promise<DispatchState>): Promise<Outcome> {
    for (let races = 0; races < MAX_RACES; races += 1) {
      const { outcome, writes }: Decision = decide(await read(races > 0), event, this.#now());
      if (writes.length === 0 || (await this.#store.commit(writes))) {
        return outcome;
      }
    }
    throw new Contention(`too many others work on the rows of a ${event.type}`);
  }

  /** A new file is not read first: its registration fails if it is there, and then it is read. */
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

  /** A free place under every limit of a type; undefined when one of them is full. */
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

  #pick<T extends number | QueuedFile>(from: readonly T[]): T {
    return from[Math.min(from.length - 1, Math.floor(this.#random() * from.length))];
  }
}
