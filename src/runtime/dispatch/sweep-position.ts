import { type HeadRow } from './rows.js';
import { type DispatchStore } from './store.js';

/**
 * Stored as a slot without a queue. Names of sequences begin with a letter, those of limits with `~` and a letter, or
 * are `~`.
 */
const NAME = '~~';

/** The sequence after which the next sweep begins, because the last one did not come further. */
export class SweepPosition {
  readonly #store: DispatchStore;
  #row: HeadRow | undefined;

  constructor(store: DispatchStore) {
    this.#store = store;
  }

  /** Undefined: the last sweep came to its end. */
  async read(): Promise<string | undefined> {
    this.#row = (await this.#store.heads(NAME)).at(0);
    return this.#row?.last;
  }

  /** Of two sweeps at the same time, one is recorded. */
  async write(after: string | undefined): Promise<void> {
    const row = this.#row;
    if (row?.last === after) {
      return;
    }
    await this.#store.commit([
      {
        kind: 'head',
        sequence: NAME,
        slot: 0,
        ...(row && { seen: { version: row.version } }),
        change: { version: (row?.version ?? 0) + 1, last: after },
      },
    ]);
    await this.read();
  }
}
