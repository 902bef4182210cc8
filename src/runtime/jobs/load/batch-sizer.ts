import type { LedgerFile, PreparedFile } from '../../database/index.js';

/**
 * Of the time that is left, a transaction may plan for this much: rates vary, and a transaction that does not finish
 * was for nothing.
 */
const PLANNED_SHARE = 0.5;
/** How much the latest transaction says about the next one. */
const WEIGHT = 0.3;
/** Of a file that nobody has told the size of. */
const ASSUMED_BYTES = 64 * 1024;

/** What a file counts for, by what its event says. */
export const bytesOf = ({ object }: LedgerFile): number => object.size ?? ASSUMED_BYTES;

/**
 * Decides how many files go into one transaction: by their sizes, by how fast the last ones went, and by the time that
 * is left.
 */
export class BatchSizer {
  #bytesPerMs: number | undefined;

  /** The files from the first on that the time suffices for; at least one. */
  take(files: readonly PreparedFile[], remainingMs: number): readonly PreparedFile[] {
    const budget = (this.#bytesPerMs ?? Infinity) * remainingMs * PLANNED_SHARE;
    let bytes = 0;
    const end = files.findIndex(({ file }) => (bytes += bytesOf(file)) > budget);
    return files.slice(0, end < 0 ? files.length : Math.max(1, end));
  }

  /** How long a transaction took. */
  observe(files: readonly PreparedFile[], ms: number): void {
    const rate = files.reduce((sum, { file }) => sum + bytesOf(file), 0) / Math.max(1, ms);
    if (rate === 0) {
      return;
    }
    this.#bytesPerMs = this.#bytesPerMs === undefined ? rate : this.#bytesPerMs + WEIGHT * (rate - this.#bytesPerMs);
  }
}
