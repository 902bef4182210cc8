import { type Claims, typeOf } from './claims.js';
import { type DispatcherOptions } from './dispatcher-options.js';
import { ALL, freeIfOver, isFull, type Limit, limitsOf, type Limits } from './limits.js';
import { type DispatchStore } from './store.js';

/** Sequences that one end looks at for others that wait; the next end continues after them. */
const LOOK_AHEAD = 100;

/**
 * Gives places under limits to the sequences that wait for them.
 *
 * If no limit was reached, no other sequence waits for one: only the sequence itself continues. If one was, the waiting
 * sequences are served in a circle. The next of them is found beforehand, so that it also starts after three round
 * trips.
 */
export class LimitTurns {
  readonly #store: DispatchStore;
  readonly #claims: Claims;
  readonly #limits: Limits;
  /**
   * By limit: the sequence that is next, or undefined if no other one waited. A hint, which may be outdated; without an
   * entry, the sequences are searched first, so that a new process does not always prefer the one that just ended.
   */
  readonly #next = new Map<string, string | undefined>();

  constructor({ store, limits }: Pick<Required<DispatcherOptions>, 'store' | 'limits'>, claims: Claims) {
    this.#store = store;
    this.#limits = limits;
    this.#claims = claims;
  }

  /** After turns of files of a sequence ended. */
  async afterEnd(limits: readonly Limit[], sequence: string, files: readonly string[]): Promise<void> {
    const hints = limits.flatMap(({ name }) => this.#next.get(name) ?? []);
    const heads = await this.#claims.read([sequence, ...hints]);
    const full = limits.findLast((limit) => isFull(limit, heads.get(limit.name)));
    const first = full === undefined ? sequence : this.#takeHint(full, sequence);
    const taken = first === undefined ? [] : ((await this.#claims.drive(first, { files, heads })) ?? []);
    const left = limits
      .flatMap(({ name }) => heads.get(name) ?? [])
      .filter(({ holder = '' }) => files.includes(holder))
      .filter((head) => !taken.some(({ limit, place }) => limit === head.sequence && place === head.slot));
    await Promise.all(left.map((head) => freeIfOver(this.#store, head)));
    if (full !== undefined) {
      await this.#serve(full, sequence, first ?? sequence);
    }
  }

  /** Of ends at the same time, one uses it. */
  #takeHint({ name }: Limit, ended: string): string | undefined {
    const known = this.#next.has(name);
    const next = this.#next.get(name);
    this.#next.delete(name);
    return known ? (next ?? ended) : undefined;
  }

  /** Drives the sequences after `after` until the limit is reached, and remembers the one that is next then. */
  async #serve(limit: Limit, ended: string, after: string): Promise<void> {
    const reachedTypes = new Set<string>();
    let looked = 0;
    for await (const { sequence } of this.#store.backlog(after)) {
      looked += 1;
      if (looked > LOOK_AHEAD) {
        this.#next.set(limit.name, sequence);
        await this.#claims.drive(ended);
        return;
      }
      const type = typeOf(sequence);
      const limits = limitsOf(this.#limits, type);
      if (reachedTypes.has(type) || !limits.some(({ name }) => name === limit.name)) {
        continue;
      }
      const heads = await this.#claims.read([sequence]);
      const reached = limits.filter((one) => isFull(one, heads.get(one.name)));
      if (reached.length === 0) {
        await this.#claims.drive(sequence, { heads });
      } else if (reached.some(({ name }) => name !== ALL && name !== limit.name)) {
        reachedTypes.add(type);
      } else {
        this.#next.set(limit.name, sequence);
        return;
      }
    }
    this.#next.set(limit.name, undefined);
  }
}
