import type { FailedItem } from './failed-item';

/** A place where failed work is kept, such as a dead-letter queue. A new kind of work is a new source. */
export interface RerunSource<Item extends FailedItem = FailedItem> {
  /** Name of the construct; it may have several sources, of different kinds. */
  readonly name: string;
  readonly kind: 'dead-letter queue' | 'executions' | 'tasks' | 'blocked files' | 'parked files';
  /** Number of items, if it is known without a scan; approximate. */
  readonly count?: number;
  /**
   * Scans the items once and passes those that match to `handle`, a few at a time.
   *
   * @param handle returns the ids of the items that are no longer there
   */
  scan(options: ScanOptions, handle: (items: readonly Item[]) => Promise<ReadonlySet<string>>): Promise<Scanned>;
  /** Runs items again that a scan has just passed. */
  rerun(items: readonly Item[]): Promise<Rerun>;
}

export interface ScanOptions {
  readonly matches: (item: FailedItem) => boolean;
  /** Maximum matching items. Default: all. */
  readonly limit?: number;
  readonly signal: AbortSignal;
}

export interface Scanned {
  readonly matched: number;
  readonly notMatched: number;
  /** The scan did not reach the end: it was stopped, reached its limit or a bound of its source. */
  readonly incomplete: boolean;
}

export interface Rerun {
  /** Ids of the items that were started again. */
  readonly done: ReadonlySet<string>;
  /** Why another one was not. */
  readonly error?: string;
}

/** Scans items that are listed in pages, without holding more than a page. */
export async function scanPages<Item extends FailedItem>(
  pages: AsyncIterable<readonly Item[]>,
  { matches, limit = Infinity, signal }: ScanOptions,
  handle: (items: readonly Item[]) => Promise<unknown>,
): Promise<Scanned> {
  let [matched, notMatched] = [0, 0];
  for await (const page of pages) {
    const found = page.filter(matches);
    const wanted = found.slice(0, limit - matched);
    notMatched += page.length - found.length;
    matched += wanted.length;
    if (wanted.length > 0) {
      await handle(wanted);
    }
    if (wanted.length < found.length || signal.aborted) {
      return { matched, notMatched, incomplete: true };
    }
  }
  return { matched, notMatched, incomplete: false };
}
