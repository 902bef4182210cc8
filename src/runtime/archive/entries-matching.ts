import { AT_LEAST_ONE, checkedNumber } from '../support/option-checks.js';
import type { ZipArchive } from './zip-archive.js';
import type { ZipEntry } from './zip-entry.js';

/**
 * Source of entry metadata, such as `DynamoMetadata`. In your own implementation, `find` MUST return the metadata of
 * these names, by name, and MUST omit unknown names. It is called with at most `batchSize` different names.
 */
export interface MetadataLookup<Metadata> {
  /** Maximum names per call. @default 100 */
  readonly batchSize?: number;
  find(names: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, Metadata>>;
}

export interface MatchOptions {
  /** Selects entries to look up. @default - every file that is not refused */
  readonly select?: (entry: ZipEntry) => boolean;
  /** Concurrent lookups; at least 1. @default 4 */
  readonly concurrency?: number;
  /** @default - none */
  readonly signal?: AbortSignal;
}

/** An entry and its metadata. */
export interface MatchedEntry<Metadata> {
  readonly entry: ZipEntry;
  readonly metadata: Metadata;
}

/**
 * The entries with metadata, in the order of the directory. Only the directory is used: no entry is read.
 *
 * @throws errors of the lookup, after concurrent calls have ended
 */
export async function* entriesMatching<Metadata>(
  archive: ZipArchive,
  lookup: MetadataLookup<Metadata>,
  options: MatchOptions = {},
): AsyncGenerator<MatchedEntry<Metadata>, void, void> {
  const select = options.select ?? ((entry: ZipEntry) => entry.kind === 'file' && entry.refusal === undefined);
  const concurrency = checkedNumber('concurrency', options.concurrency ?? 4, AT_LEAST_ONE);
  const batches = batched(archive.entries.filter(select), lookup.batchSize ?? 100);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const begun: Promise<ReadonlyMap<string, Metadata>>[] = [];
  try {
    for (const [i, batch] of batches.entries()) {
      signal.throwIfAborted();
      while (begun.length < concurrency && i + begun.length < batches.length) {
        const found = lookup.find([...new Set(batches[i + begun.length].map(({ name }) => name))], signal);
        found.catch(() => undefined); // thrown when it is awaited
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
