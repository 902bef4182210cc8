import { OptionChecks } from '../support/option-checks.js';

/**
 * Limits for an archive. Every limit has its own error code, and sizes are counted on the actual output, not taken from
 * the archive's metadata.
 */
export interface ArchiveLimits {
  /** Entries in one archive, directories included; at least 1. @default 1_000_000 */
  readonly maxEntries?: number;
  /** Bytes of one entry after decompression. @default 50 GiB */
  readonly maxEntryBytes?: number;
  /** Total bytes read from the archive, and from archives inside it, after decompression. @default 500 GiB */
  readonly maxTotalBytes?: number;
  /** Maximum bytes for `entry.buffer()`; use `entry.stream()` for larger entries. @default 256 MiB */
  readonly maxBufferBytes?: number;
  /** Compression ratio of one entry, checked from 1 MiB of output on; the maximum of deflate is 1,032. @default 250 */
  readonly maxRatio?: number;
  /** Bytes of a name in UTF-8; the limit of S3 keys is 1,024. @default 1_024 */
  readonly maxNameBytes?: number;
  /** Parts of a name between slashes. @default 64 */
  readonly maxNameDepth?: number;
  /** Bytes of the central directory, which is held in memory. @default 256 MiB */
  readonly maxDirectoryBytes?: number;
  /** Depth of nested archives that `openZip(entry)` may open: 0 forbids it. @default 1 */
  readonly maxNesting?: number;
}

const MIB = 1024 * 1024;

/**
 * Large enough for a task with 4 GB of memory, small enough to stop a decompression bomb before it exhausts disk or
 * budget.
 */
export const DEFAULT_ARCHIVE_LIMITS: Required<ArchiveLimits> = {
  maxEntries: 1_000_000, // about 460 MB of memory
  maxEntryBytes: 50 * 1024 * MIB, // 10,000 parts of 5 MiB
  maxTotalBytes: 500 * 1024 * MIB,
  maxBufferBytes: 256 * MIB,
  maxRatio: 250, // the maximum of deflate is 1,032, which only bombs approach
  maxNameBytes: 1_024,
  maxNameDepth: 64,
  maxDirectoryBytes: 256 * MIB,
  maxNesting: 1,
};

/** Smaller output never counts as a bomb, regardless of its ratio: a file of 100 KB of zeros is common. */
export const RATIO_GRACE_BYTES = MIB;

/** Applies defaults. @throws ConfigurationError naming each invalid limit */
export function resolveLimits(limits: ArchiveLimits = {}): Required<ArchiveLimits> {
  const resolved: Record<string, number> = { ...DEFAULT_ARCHIVE_LIMITS };
  const checks = new OptionChecks();
  for (const [name, value] of Object.entries(limits) as [string, number | undefined][]) {
    if (value === undefined) {
      continue;
    }
    checks.that(
      name in resolved,
      `unknown archive limit \`${name}\`, expected one of ${Object.keys(DEFAULT_ARCHIVE_LIMITS).join(', ')}`,
    );
    const min = name === 'maxNesting' ? 0 : 1;
    checks.number(`limits.${name}`, value, { min, max: Number.MAX_SAFE_INTEGER, integer: true, orInfinity: true });
    resolved[name] = value;
  }
  checks.done();
  return resolved as Required<ArchiveLimits>;
}

/** Total output of an archive and the archives inside it, checked against the limit. */
export class OutputBudget {
  #used = 0;

  constructor(readonly maxBytes: number) {}

  /** Counts output; false if the limit is exceeded. */
  spend(bytes: number): boolean {
    this.#used += bytes;
    return this.#used <= this.maxBytes;
  }
}
