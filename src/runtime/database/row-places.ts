import type { FilePlace } from './load-error.js';
import type { SourceRow } from './read-rows.js';

/** Sufficient for the rows by which a COPY error may lag behind, even if no two rows are on consecutive lines. */
const MAX_RUNS = 100_000;

/**
 * Locations of the rows of a file, stored as runs of consecutive lines: a COPY error contains only the number of the
 * row.
 */
export class RowPlaces {
  #starts: number[] = [];
  #lines: number[] = [];
  #pointerStem: string | undefined;
  #next = 0;
  #lastLine = Number.NaN;

  /** Rows so far. */
  get rows(): number {
    return this.#next;
  }

  add({ line, pointer }: SourceRow): void {
    if (line === undefined) {
      this.#pointerStem ??= pointer.replace(/\/0$/, '');
    } else if (line !== this.#lastLine + 1) {
      this.#starts.push(this.#next);
      this.#lines.push(line);
      if (this.#starts.length > MAX_RUNS) {
        this.#forget();
      }
    }
    this.#lastLine = line ?? Number.NaN;
    this.#next += 1;
  }

  /** @param row counted from 0 */
  of(row: number): FilePlace {
    if (this.#pointerStem !== undefined) {
      return { pointer: this.#next === 1 ? this.#pointerStem : `${this.#pointerStem}/${row}` };
    }
    const run = this.#starts.findLastIndex((start) => start <= row);
    return run < 0 ? {} : { line: (this.#lines[run] ?? 0) + row - (this.#starts[run] ?? 0) };
  }

  #forget(): void {
    this.#starts = this.#starts.slice(MAX_RUNS / 2);
    this.#lines = this.#lines.slice(MAX_RUNS / 2);
  }
}
