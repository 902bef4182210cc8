import { setTimeout as sleep } from 'node:timers/promises';
import type { FailedItem } from './failed-item';
import type { Rerun, RerunSource, Scanned, ScanOptions } from './source';

export interface PacedOptions extends ScanOptions {
  /** Maximum items per second. */
  readonly rate: number;
  readonly dryRun: boolean;
  /** Called with the number of items done so far. */
  progress(done: number): void;
}

export interface PacedResult extends Scanned {
  readonly done: number;
  /** Matched, and not done. */
  readonly failed: number;
  /** Why the first of them was not. */
  readonly error?: string;
}

/** Applies an operation to the matching items of a source, at a rate. */
export async function paced<Item extends FailedItem>(
  source: Pick<RerunSource<Item>, 'scan'>,
  options: PacedOptions,
  act: (items: readonly Item[]) => Promise<Rerun>,
): Promise<PacedResult> {
  const { rate, dryRun, signal } = options;
  const startedAt = Date.now();
  let done = 0;
  let first: string | undefined;
  const scanned = await source.scan(options, async (items) => {
    if (dryRun) {
      return new Set();
    }
    const acted = await act(items);
    first ??= acted.error;
    done += acted.done.size;
    options.progress(done);
    // The rate counts from the start, so that slow calls do not lower it
    const early = startedAt + (done / rate) * 1_000 - Date.now();
    if (early > 0) {
      await sleep(early, undefined, { signal }).catch(() => undefined);
    }
    return acted.done;
  });
  return {
    ...scanned,
    done,
    failed: dryRun ? 0 : scanned.matched - done,
    ...(first !== undefined && { error: first }),
  };
}

/** Returns the first matching items. They are as before when it returns. */
export async function peek<Item extends FailedItem>(
  source: Pick<RerunSource<Item>, 'scan'>,
  options: ScanOptions,
): Promise<Scanned & { readonly items: Item[] }> {
  const items: Item[] = [];
  const scanned = await source.scan(options, (some) => {
    items.push(...some);
    return Promise.resolve(new Set<string>());
  });
  return { ...scanned, items };
}

/** Calls for each item; an item whose call succeeds was started. */
export async function oneByOne<Item extends Pick<FailedItem, 'id'>>(
  items: readonly Item[],
  call: (item: Item) => Promise<unknown>,
): Promise<Rerun> {
  const answers = await Promise.allSettled(items.map(call));
  const refused = answers.find((answer) => answer.status === 'rejected');
  return {
    done: new Set(items.filter((_, index) => answers[index]?.status === 'fulfilled').map(({ id }) => id)),
    ...(refused && { error: String(refused.reason) }),
  };
}
