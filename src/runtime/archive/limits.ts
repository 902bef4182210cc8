/**
 * How much an archive may ask of us. Every limit has an error code of its own, and sizes are counted on bytes that
 * really came out, not on what the
 * archive says about itself.
 */
export interface ArchiveLimits {
  /** Entries in one archive, directories included; at least 1. @default 1_000_000 */
  readonly maxEntries?: number;
  /** Bytes of one entry after decompression. @default 50 GiB */
  readonly maxEntryBytes?: number;
  /** Bytes of everything read from the archive, and from archives inside it, after decompression. @default 500 GiB */
  readonly maxTotalBytes?: number;
  /** Bytes that `entry.buffer()` may hold in memory; larger entries are for `entry.stream()`. @default 256 MiB */
  readonly maxBufferBytes?: number;
  /** Output divided by input of one entry, looked at from 1 MiB of output on; deflate ends at 1,032. @default 250 */
  readonly maxRatio?: number;
  /** Bytes of a name in UTF-8; an S3 key has at most 1,024. @default 1_024 */
  readonly maxNameBytes?: number;
  /** Parts of a name between slashes. @default 64 */
  readonly maxNameDepth?: number;
  /** Bytes of the central directory, which is held in memory. @default 256 MiB */
  readonly maxDirectoryBytes?: number;
  /** Archives inside archives that may be opened by `openZip(entry)`: 0 forbids it. @default 1 */
  readonly maxNesting?: number;
}

const MIB = 1024 * 1024;

/** Large enough for what a 4 GB task can work on, small enough that a bomb ends before the disk or the bill does. */
export const DEFAULT_ARCHIVE_LIMITS: Required<ArchiveLimits> = {
  maxEntries: 1_000_000, // some 460 MB of memory
  maxEntryBytes: 50 * 1024 * MIB, // what 10,000 parts of 5 MiB hold
  maxTotalBytes: 500 * 1024 * MIB,
  maxBufferBytes: 256 * MIB,
  maxRatio: 250, // deflate ends at 1,032, which only bombs come near
  maxNameBytes: 1_024,
  maxNameDepth: 64,
  maxDirectoryBytes: 256 * MIB,
  maxNesting: 1,
};

/** Output below this never counts as a bomb, whatever its ratio: a file of 100 KB of zeros is common. */
export const RATIO_GRACE_BYTES = MIB;

/** Fills in defaults. @throws TypeError naming the limit that is not a whole number of at least 0 (1 for most) */
export function resolveLimits(limits: ArchiveLimits = {}): Required<ArchiveLimits> {
  const resolved: Record<keyof ArchiveLimits, number> = { ...DEFAULT_ARCHIVE_LIMITS };
  for (const [name, value] of Object.entries(limits) as [keyof ArchiveLimits, number | undefined][]) {
    if (value === undefined) {
      continue;
    }
    const least = name === 'maxNesting' ? 0 : 1;
    if (!(name in resolved)) {
      throw new TypeError(`Unknown archive limit \`${name}\`; known are ${Object.keys(resolved).join(', ')}`);
    }
    if (!(value >= least) || (value !== Infinity && !Number.isSafeInteger(value))) {
      throw new TypeError(
        `Expected \`limits.${name}\` to be a whole number >= ${least} or Infinity, got \`${String(value)}\``,
      );
    }
    resolved[name] = value;
  }
  return resolved;
}

/** What an archive and the archives inside it have put out so far, against the limit on all of it. */
export class OutputBudget {
  #used = 0;

  constructor(readonly maxBytes: number) {}

  /** Counts bytes that came out; false when they are more than may. */
  spend(bytes: number): boolean {
    this.#used += bytes;
    return this.#used <= this.maxBytes;
  }
}
