import type { LedgerFile, PreparedFile } from '../../database/index.js';

/** Share of the remaining time that a transaction may use: rates vary, and an unfinished transaction is lost. */
const PLANNED_SHARE = 0.5;
/** Weight of the latest transaction in the moving average of the rate. */
const WEIGHT = 0.3;
/** Assumed size of a file if its event does not contain one. */
const ASSUMED_BYTES = 64 * 1024;

/** Size of a file according to its event. */
export const bytesOf = ({ object }: LedgerFile): number => object.size ?? ASSUMED_BYTES;

/**
 * Decides how many files share a transaction, by their sizes, the rate of the last transactions, and the remaining
 * time.
 */
export class BatchSizer {
  #bytesPerMs: number | undefined;

  /** The first files that can be stored in the remaining time; at least one. */
  take(files: readonly PreparedFile[], remainingMs: number): readonly PreparedFile[] {
    const budget = (this.#bytesPerMs ?? Infinity) * remainingMs * PLANNED_SHARE;
    let bytes = 0;
    const end = files.findIndex(({ file }) => (bytes += bytesOf(file)) > budget);
    return files.slice(0, end < 0 ? files.length : Math.max(1, end));
  }

  /** Records the duration of a transaction. */
  observe(files: readonly PreparedFile[], ms: number): void {
    const rate = files.reduce((sum, { file }) => sum + bytesOf(file), 0) / Math.max(1, ms);
    if (rate === 0) {
      return;
    }
    this.#bytesPerMs = this.#bytesPerMs === undefined ? rate : this.#bytesPerMs + WEIGHT * (rate - this.#bytesPerMs);
  }
}
