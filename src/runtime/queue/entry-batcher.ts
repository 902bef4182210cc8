import { type EntryFailure } from './transport.js';
import { type Clock, type Timer } from '../support/clock.js';

export interface EntryBatcherOptions<Entry> {
  readonly clock: Clock;
  /** How long the first entry waits for company. */
  readonly lingerMs: number;
  readonly maxEntries: number;
  readonly send: (entries: readonly Entry[]) => Promise<readonly EntryFailure[]>;
}

interface Pending<Entry> {
  readonly entry: Entry;
  readonly resolve: (failure: EntryFailure | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects entries into batch calls: a batch goes out when it is full, when its first entry has waited long enough, or
 * on `flush`.
 */
export class EntryBatcher<Entry> {
  readonly #options: EntryBatcherOptions<Entry>;
  readonly #calls = new Set<Promise<void>>();
  #pending: Pending<Entry>[] = [];
  #timer: Timer | undefined;

  constructor(options: EntryBatcherOptions<Entry>) {
    this.#options = options;
  }

  /** Resolves with the entry's own failure, if it has one; rejects when the whole call fails. */
  add(entry: Entry, urgent = false): Promise<EntryFailure | undefined> {
    const result = new Promise<EntryFailure | undefined>((resolve, reject) => {
      this.#pending.push({ entry, resolve, reject });
    });
    if (urgent || this.#pending.length >= this.#options.maxEntries) {
      this.#sendPending();
    } else {
      this.#timer ??= this.#options.clock.after(this.#options.lingerMs, () => this.#sendPending());
    }
    return result;
  }

  /** Sends what waits and resolves when no call is under way. */
  async flush(): Promise<void> {
    this.#sendPending();
    await Promise.all(this.#calls);
  }

  #sendPending(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { maxEntries } = this.#options;
    while (this.#pending.length > 0) {
      const call = this.#send(this.#pending.splice(0, maxEntries)).finally(() => this.#calls.delete(call));
      this.#calls.add(call);
    }
  }

  async #send(batch: readonly Pending<Entry>[]): Promise<void> {
    try {
      const failures = await this.#options.send(batch.map(({ entry }) => entry));
      const failureOf = new Map(failures.map((failure) => [failure.index, failure]));
      batch.forEach(({ resolve }, index) => resolve(failureOf.get(index)));
    } catch (error) {
      batch.forEach(({ reject }) => reject(error));
    }
  }
}
