import { Readable } from 'node:stream';
import type { ClientBase } from 'pg';
import type { JobObject } from '../../contract/job-message.js';
import type { LoadRoute } from '../../contract/load-route.js';
import { RouteReader } from './file-rows.js';
import { faultOf } from './fault.js';
import type { LedgerFile } from './ledger.js';
import type { FileContent } from './read-rows.js';
import type { RowPlaces } from './row-places.js';
import { TableLoader } from './table-loader.js';

/** Opens a file from its beginning; may be called repeatedly. */
export type OpenFile = () => Promise<AsyncIterable<Uint8Array>>;

/** The file passed to your `load` function. */
export interface FileToLoad {
  readonly object: JobObject;
  readonly correlationId?: string;
  /** Its content, readable once. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Loads one file with a `pg` connection, in the transaction of the file's ledger row, and returns the number of loaded
 * rows. It MUST NOT commit, MUST NOT pause for a minute between queries, after which PostgreSQL ends the session, and
 * MUST NOT have side effects elsewhere: it runs again if another file of the transaction fails.
 *
 * `FileRejected` rejects the file permanently; after any other error it is retried.
 */
export type LoadFile = (file: FileToLoad, client: ClientBase) => Promise<number>;

/** A file prepared for its transaction. */
export interface PreparedFile {
  readonly file: LedgerFile;
  /** Row count from reading; absent if it is known only after storing. */
  readonly rows?: number;
  /** Its rows in the text format of COPY, or the content of the file. */
  readonly content: readonly Buffer[];
  readonly places?: RowPlaces;
}

/** The failure of one file of a transaction, which must be retried without it. */
export class FileLoadFailure extends Error {
  constructor(
    readonly file: LedgerFile,
    override readonly cause: unknown,
  ) {
    super('one file of a transaction cannot be loaded', { cause });
  }
}

/** Loads the files of one route. */
export interface RouteLoader {
  /** Whether only the newest version of a key is loaded. */
  readonly newestWins: boolean;
  /** Performs the steps that need no database. @throws FileRejected */
  prepare(file: LedgerFile, open: () => Promise<FileContent>): Promise<PreparedFile>;
  /**
   * Stores prepared files in one transaction; returns row counts that were not known before.
   *
   * @throws FileLoadFailure, or an error that cannot be attributed to a file
   */
  store(client: ClientBase, files: readonly PreparedFile[]): Promise<ReadonlyMap<string, number> | undefined>;
  /** Stores a file of any size as a stream. */
  stream(client: ClientBase, file: LedgerFile, open: OpenFile): Promise<number>;
}

/** Loads rows by a declared mapping. */
export class MappingRouteLoader implements RouteLoader {
  readonly newestWins: boolean;
  readonly #reader: RouteReader;
  readonly #table: TableLoader;

  /** @throws ConfigurationError */
  constructor(route: LoadRoute) {
    this.newestWins = route.conflict?.rule === 'update';
    this.#reader = new RouteReader(route);
    this.#table = new TableLoader(route);
  }

  async prepare(file: LedgerFile, open: () => Promise<FileContent>): Promise<PreparedFile> {
    const { chunks, places } = this.#reader.read(await open());
    const content: Buffer[] = [];
    for await (const chunk of chunks) {
      content.push(chunk);
    }
    return { file, content, places, rows: places.rows };
  }

  async store(client: ClientBase, files: readonly PreparedFile[]): Promise<undefined> {
    let failedFile: LedgerFile | undefined;
    try {
      await this.#table.load(client, joined(files.flatMap(({ content }) => content)), (row) => {
        let left = row;
        const hit = files.find(({ rows = 0 }) => {
          left -= rows;
          return left < 0;
        });
        failedFile = hit?.file;
        return hit?.places?.of(left + (hit.rows ?? 0)) ?? {};
      });
    } catch (error) {
      throw failedFile === undefined ? error : new FileLoadFailure(failedFile, error);
    }
  }

  async stream(client: ClientBase, _: LedgerFile, open: OpenFile): Promise<number> {
    const { chunks, places } = this.#reader.read(await open());
    await this.#table.load(client, chunks, (row) => places.of(row));
    return places.rows;
  }
}

/** Loads files with your `load` function. */
export class FunctionRouteLoader implements RouteLoader {
  readonly newestWins = false;
  readonly #load: LoadFile;

  constructor(load: LoadFile) {
    this.#load = load;
  }

  async prepare(file: LedgerFile, open: () => Promise<FileContent>): Promise<PreparedFile> {
    const content: Buffer[] = [];
    for await (const piece of await open()) {
      content.push(Buffer.from(piece));
    }
    return { file, content };
  }

  async store(client: ClientBase, files: readonly PreparedFile[]): Promise<ReadonlyMap<string, number>> {
    const rows = new Map<string, number>();
    for (const { file, content } of files) {
      rows.set(file.id, await this.#run(client, file, Readable.from(content)));
    }
    return rows;
  }

  async stream(client: ClientBase, file: LedgerFile, open: OpenFile): Promise<number> {
    return this.#run(client, file, await open());
  }

  async #run(client: ClientBase, file: LedgerFile, body: AsyncIterable<Uint8Array>): Promise<number> {
    const { object, correlationId } = file;
    try {
      return await this.#load({ object, body, ...(correlationId === undefined ? {} : { correlationId }) }, client);
    } catch (error) {
      // Connection errors cannot be attributed to a file
      throw ['lost', 'credentials', 'race'].includes(faultOf(error)) ? error : new FileLoadFailure(file, error);
    }
  }
}

/** Combines chunks: small files would need a system call each. */
const WRITE_BYTES = 256 * 1024;

function* joined(chunks: readonly Buffer[]): Generator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes >= WRITE_BYTES) {
      yield Buffer.concat(waiting);
      waiting = [];
      bytes = 0;
    }
  }
  if (bytes > 0) {
    yield Buffer.concat(waiting);
  }
}
