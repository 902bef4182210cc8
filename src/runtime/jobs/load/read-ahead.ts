import type { LedgerFile, PreparedFile } from '../../database/index.js';

export interface ReadAheadOptions {
  /** Bytes of files that may be in memory together; one file may be more. */
  readonly maxBytes: number;
  readonly bytesOf: (file: LedgerFile) => number;
  /** Answers undefined for a file that cannot be loaded. MUST NOT reject. */
  readonly prepare: (file: LedgerFile) => Promise<PreparedFile | undefined>;
}

/** As many as the SDK opens sockets for: they hide the latency of S3. */
const FETCHES = 50;
/**
 * A transaction for less is mostly its own overhead; waiting for more would keep the database idle while files are
 * read.
 */
const WORTHWHILE_BYTES = 256 * 1024;

/**
 * Prepares files while the database stores the ones before them. Whoever stores takes what is ready by then: the slower
 * the database, the more files
 * share a transaction.
 */
export class ReadAhead {
  readonly #options: ReadAheadOptions;
  readonly #waiting: LedgerFile[];
  readonly #ready = new Set<PreparedFile>();
  readonly #fetches = new Set<Promise<void>>();
  /** Of files that are ready, and of those with the ones that are being fetched. */
  #readyBytes = 0;
  #bytes = 0;

  constructor(files: readonly LedgerFile[], options: ReadAheadOptions) {
    this.#options = options;
    this.#waiting = [...files];
    this.#fetchMore();
  }

  /** The files that are ready, once they are worth a transaction or no more can come; none at the end. */
  async ready(): Promise<readonly PreparedFile[]> {
    while (this.#readyBytes < WORTHWHILE_BYTES && this.#fetches.size > 0) {
      await Promise.race(this.#fetches);
    }
    return [...this.#ready];
  }

  /** Lets go of files that were ready, which makes room for others. */
  release(files: readonly PreparedFile[]): void {
    for (const prepared of files) {
      this.#ready.delete(prepared);
      this.#readyBytes -= this.#options.bytesOf(prepared.file);
      this.#bytes -= this.#options.bytesOf(prepared.file);
    }
    this.#fetchMore();
  }

  /** Begins nothing more, and waits for what was begun. */
  async stop(): Promise<void> {
    this.#waiting.length = 0;
    await Promise.all(this.#fetches);
  }

  #fetchMore(): void {
    while (this.#waiting.length > 0 && this.#hasRoomFor(this.#waiting[0])) {
      const file = this.#waiting.shift() as LedgerFile;
      const fetch = this.#fetch(file).then(() => {
        this.#fetches.delete(fetch);
        this.#fetchMore();
      });
      this.#fetches.add(fetch);
    }
  }

  #hasRoomFor(file: LedgerFile): boolean {
    return (
      this.#fetches.size < FETCHES &&
      (this.#bytes === 0 || this.#bytes + this.#options.bytesOf(file) <= this.#options.maxBytes)
    );
  }

  async #fetch(file: LedgerFile): Promise<void> {
    const bytes = this.#options.bytesOf(file);
    this.#bytes += bytes;
    const prepared = await this.#options.prepare(file);
    if (prepared === undefined) {
      this.#bytes -= bytes;
    } else {
      this.#ready.add(prepared);
      this.#readyBytes += bytes;
    }
  }
}
