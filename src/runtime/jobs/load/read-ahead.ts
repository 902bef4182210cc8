import type { LedgerFile, PreparedFile } from '../../database/index.js';

export interface ReadAheadOptions {
  /** Maximum total bytes of files in memory; a single file may exceed it. */
  readonly maxBytes: number;
  readonly bytesOf: (file: LedgerFile) => number;
  /** Returns undefined for a file that cannot be loaded. MUST NOT reject. */
  readonly prepare: (file: LedgerFile) => Promise<PreparedFile | undefined>;
}

/** The socket limit of the SDK: concurrent reads hide the latency of S3. */
const FETCHES = 50;
/**
 * Minimum bytes of a transaction: smaller ones are mostly overhead; waiting for more would leave the database idle
 * while files are read.
 */
const WORTHWHILE_BYTES = 256 * 1024;

/**
 * Prepares files while the database stores the previous ones. Each transaction takes all files that are ready: the
 * slower the database, the more files share a transaction.
 */
export class ReadAhead {
  readonly #options: ReadAheadOptions;
  readonly #waiting: LedgerFile[];
  readonly #ready = new Set<PreparedFile>();
  readonly #fetches = new Set<Promise<void>>();
  /** Bytes of ready files; `#bytes` also includes files that are being fetched. */
  #readyBytes = 0;
  #bytes = 0;

  constructor(files: readonly LedgerFile[], options: ReadAheadOptions) {
    this.#options = options;
    this.#waiting = [...files];
    this.#fetchMore();
  }

  /** The ready files, once there are enough for a transaction or no more are being fetched; empty at the end. */
  async ready(): Promise<readonly PreparedFile[]> {
    while (this.#readyBytes < WORTHWHILE_BYTES && this.#fetches.size > 0) {
      await Promise.race(this.#fetches);
    }
    return [...this.#ready];
  }

  /** Releases stored files, so that further ones can be fetched. */
  release(files: readonly PreparedFile[]): void {
    for (const prepared of files) {
      this.#ready.delete(prepared);
      this.#readyBytes -= this.#options.bytesOf(prepared.file);
      this.#bytes -= this.#options.bytesOf(prepared.file);
    }
    this.#fetchMore();
  }

  /** Starts no further reads, and waits for those in progress. */
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
