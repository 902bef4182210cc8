import type { ZipArchive } from './zip-archive.js';
import type { ZipEntry } from './zip-entry.js';

/**
 * Where the metadata of files is kept. `DynamoMetadata` is one; to bring your own: `find` MUST return what it knows
 * about these names, under the same
 * names, and MUST leave out those that it does not know. It is called with at most `batchSize` names, all different.
 */
export interface MetadataLookup<Metadata> {
  /** Names in one call. @default 100 */
  readonly batchSize?: number;
  find(names: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, Metadata>>;
}

export interface MatchOptions {
  /** Which entries are looked up. @default - every file that is not refused */
  readonly select?: (entry: ZipEntry) => boolean;
  /** Calls of the lookup at the same time; at least 1. @default 4 */
  readonly concurrency?: number;
  /** @default - none */
  readonly signal?: AbortSignal;
}

/** An entry, and what the lookup knows about it. */
export interface MatchedEntry<Metadata> {
  readonly entry: ZipEntry;
  readonly metadata: Metadata;
}

/**
 * The entries that the lookup knows, in the order of the directory. Only the directory is used: no entry is read.
 *
 * @throws what the lookup throws, after the calls in flight have ended
 */
export async function* entriesMatching<Metadata>(
  archive: ZipArchive,
  lookup: MetadataLookup<Metadata>,
  options: MatchOptions = {},
): AsyncGenerator<MatchedEntry<Metadata>, void, void> {
  const select = options.select ?? ((entry: ZipEntry) => entry.kind === 'file' && entry.refusal === undefined);
  const concurrency = options.concurrency ?? 4;
  if (!(Number.isInteger(concurrency) && concurrency >= 1)) {
    throw new TypeError(`Expected \`concurrency\` to be a whole number >= 1, got \`${String(concurrency)}\``);
  }
  const batches = batched(archive.entries.filter(select), lookup.batchSize ?? 100);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const begun: Promise<ReadonlyMap<string, Metadata>>[] = [];
  try {
    for (const [i, batch] of batches.entries()) {
      signal.throwIfAborted();
      while (begun.length < concurrency && i + begun.length < batches.length) {
        const found = lookup.find([...new Set(batches[i + begun.length].map(({ name }) => name))], signal);
        found.catch(() => undefined); // thrown when its turn comes
        begun.push(found);
      }
      const known = await begun.shift();
      for (const entry of batch) {
        const metadata = known?.get(entry.name);
        if (metadata !== undefined) {
          yield { entry, metadata };
        }
      }
    }
  } finally {
    stop.abort();
    await Promise.allSettled(begun);
  }
}

function batched<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
