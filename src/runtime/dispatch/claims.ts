import { Contention, MAX_COMMITS } from './contention.js';
import { decide } from './decide.js';
import { type DispatcherOptions } from './dispatcher-options.js';
import { type FreePlace } from './events.js';
import { freePlace, limitsOf, type Limits } from './limits.js';
import { type FileRow, type HeadRow, isHeld, type PauseRow, type QueuedFile } from './rows.js';
import { type DispatchStore } from './store.js';

/** Number of queued files among which claims choose randomly if a sequence has several slots, to reduce contention. */
const SPREAD = 20;
/** Number of queued files among which a claim looks for one that is not held by a changed grouping. */
const BEHIND_HELD = 1_000;

/** The slots of sequences and the places under limits, by their name. */
export type Heads = ReadonlyMap<string, readonly HeadRow[]>;

export interface DriveOptions {
  /** Number of slots, if the caller knows it: saves the read of the queue when all slots are taken. */
  readonly slots?: number;
  /** Files that may have ended, whose places under limits the claims take over. */
  readonly files?: readonly string[];
  /** As read just now. */
  readonly heads?: Heads;
}

/** Claims slots of sequences for the first files of their queues: three round trips to the store for each claim. */
export class Claims {
  readonly #store: DispatchStore;
  readonly #wake: DispatcherOptions['wake'];
  readonly #now: () => number;
  readonly #limits: Limits;
  readonly #random: () => number;

  constructor({ store, wake, now, limits, random }: Required<DispatcherOptions>) {
    this.#store = store;
    this.#wake = wake;
    this.#now = now;
    this.#limits = limits;
    this.#random = random;
  }

  /** The slots of sequences, and the places under the limits of their types. */
  async read(sequences: readonly string[]): Promise<Heads> {
    const limits = sequences.flatMap((sequence) => limitsOf(this.#limits, typeOf(sequence)));
    return this.#heads([...sequences, ...limits.map(({ name }) => name)]);
  }

  /**
   * Claims the next file of the queue for every free slot of a sequence, and requests the launches.
   *
   * @returns the places under limits that the claims took; undefined without a claim
   */
  async drive(sequence: string, options: DriveOptions = {}): Promise<readonly FreePlace[] | undefined> {
    const { slots = Infinity, files = [] } = options;
    let taken: readonly FreePlace[] | undefined;
    let given = options.heads;
    for (let attempts = 0; attempts < MAX_COMMITS;) {
      const all = given ?? (await this.read([sequence]));
      given = undefined;
      const heads = all.get(sequence) ?? [];
      const held = new Set(heads.filter(({ holder }) => holder !== undefined).map(({ slot }) => slot));
      if (held.size >= slots) {
        return taken;
      }
      // Read after the heads: every later claim of a slot or a place changes its version
      const [first, pauses, ...ended] = await Promise.all([
        this.#store.queued(sequence, heads.length > 1 ? SPREAD : 1),
        this.#store.pauses(),
        ...files.map((id) => this.#store.file(id)),
      ]);
      const queue = await this.#notHeld(sequence, first, pauses);
      // Places that files took when the type had more of them count until they are free
      if (queue.length === 0 || held.size >= queue[0].slots) {
        return taken;
      }
      const free = Array.from({ length: queue[0].slots }, (_, slot) => slot).filter((slot) => !held.has(slot));
      if (free.length === 0) {
        return taken;
      }
      const slot = this.#pick(free);
      const queued = this.#next(queue);
      const head = heads.find((row) => row.slot === slot);
      const places = await this.#places(
        queued.type,
        all,
        ended.filter((file) => file !== undefined),
      );
      if (places === undefined) {
        return taken;
      }
      const { outcome, writes } = decide(
        { queued, places, ...(head && { head }), ...(pauses && { pauses }) },
        { type: 'claim', slot },
        this.#now(),
      );
      if (outcome === 'early') {
        await this.#wake(queued.id, (queued.notBefore ?? 0) - this.#now());
        return taken;
      }
      if (outcome === 'paused') {
        return taken;
      }
      if (!(await this.#store.commit(writes))) {
        attempts += 1;
      } else {
        taken = [...(taken ?? []), ...places];
        await this.#wake(queued.id, 0);
        if (queued.slots === 1) {
          return taken;
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

  /** A free place under every limit of a type; undefined if a limit is reached. */
  async #places(type: string, read: Heads, ended: readonly FileRow[]): Promise<readonly FreePlace[] | undefined> {
    const limits = limitsOf(this.#limits, type);
    const more = await this.#heads(limits.map(({ name }) => name).filter((name) => !read.has(name)));
    const places = limits.map((limit) =>
      freePlace(limit, read.get(limit.name) ?? more.get(limit.name) ?? [], ended, (free) => this.#pick(free)),
    );
    return places.every((place) => place !== undefined) ? places : undefined;
  }

  async #heads(names: readonly string[]): Promise<Heads> {
    return new Map(
      await Promise.all([...new Set(names)].map(async (name) => [name, await this.#store.heads(name)] as const)),
    );
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

/** Names of types have no `/`. */
export const typeOf = (sequence: string): string => sequence.split('/', 1)[0] ?? '';
