import type { LedgerFile } from '../../database/index.js';

/** Of the time that is left, a transaction may plan for this much: rates vary, and a transaction that does not finish was for nothing. */
const PlannedShare = 0.5;
/** How much the latest transaction says about the next one. */
const Weight = 0.3;
/** Of a file that nobody has told the size of, before any was seen. */
const AssumedBytes = 64 * 1024;

/** Decides how many files go into one transaction: by their sizes, by how fast the last ones went, and by the time that is left. */
export class BatchSizer {
  readonly #maxBytes: number;
  #bytesPerMs: number | undefined;
  #bytesPerFile = AssumedBytes;

  /** @param maxBytes of files in memory at the same time */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The files from the first on that fit; at least one. */
  take(files: readonly LedgerFile[], remainingMs: number): readonly LedgerFile[] {
    const budget = Math.min(this.#maxBytes, (this.#bytesPerMs ?? Infinity) * remainingMs * PlannedShare);
    let bytes = 0;
    const end = files.findIndex(({ object }) => (bytes += object.size ?? this.#bytesPerFile) > budget);
    return files.slice(0, end < 0 ? files.length : Math.max(1, end));
  }

  /** What a transaction took. */
  observe(files: number, bytes: number, ms: number): void {
    if (files === 0 || bytes === 0) return;
    this.#bytesPerFile += Weight * (bytes / files - this.#bytesPerFile);
    const rate = bytes / Math.max(1, ms);
    this.#bytesPerMs = this.#bytesPerMs === undefined ? rate : this.#bytesPerMs + Weight * (rate - this.#bytesPerMs);
  }
}
