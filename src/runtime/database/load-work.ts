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

/** Reads a file from its beginning, as often as it is asked to. */
export type OpenFile = () => Promise<AsyncIterable<Uint8Array>>;

/** A file as a `load` function of a user gets it. */
export interface FileToLoad {
  readonly object: JobObject;
  readonly correlationId?: string;
  /** Its content, once. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Loads one file with a connection of `pg`, inside a transaction that also holds the file's ledger row, and answers how
 * many rows it loaded.
 * It MUST NOT commit, MUST NOT pause for a minute between queries, after which PostgreSQL ends the session, and MUST
 * NOT do lasting things
 * elsewhere: it runs again when another file of the transaction fails.
 *
 * Throwing `FileRejected` puts the file aside for good; any other error brings it back.
 */
export type LoadFile = (file: FileToLoad, client: ClientBase) => Promise<number>;

/** A file that is ready for its transaction. */
export interface PreparedFile {
  readonly file: LedgerFile;
  /** Counted while it was read; absent where only storing it tells. */
  readonly rows?: number;
  /** Its rows in the text format of COPY, or what the file holds. */
  readonly content: readonly Buffer[];
  readonly places?: RowPlaces;
}

/** The trouble with one file of several, of which the transaction has to be rid. */
export class FileTrouble extends Error {
  constructor(
    readonly file: LedgerFile,
    override readonly cause: unknown,
  ) {
    super('one file of a transaction cannot be loaded', { cause });
  }
}

/** What is done with the files of one route. */
export interface LoadWork {
  /** Whether only the newest version of a key counts. */
  readonly newestWins: boolean;
  /** Does all that needs no database. @throws FileRejected */
  prepare(file: LedgerFile, open: () => Promise<FileContent>): Promise<PreparedFile>;
  /**
   * Stores prepared files in one transaction; answers the rows of each where they were not counted before.
   *
   * @throws FileTrouble, or an error that may be any file's
   */
  store(client: ClientBase, files: readonly PreparedFile[]): Promise<ReadonlyMap<string, number> | undefined>;
  /** Stores a file of any size, never holding it in memory. */
  stream(client: ClientBase, file: LedgerFile, open: OpenFile): Promise<number>;
}

/** Rows by a declared mapping. */
export class MappedWork implements LoadWork {
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
    let culprit: LedgerFile | undefined;
    try {
      await this.#table.load(client, joined(files.flatMap(({ content }) => content)), (row) => {
        let left = row;
        const hit = files.find(({ rows = 0 }) => {
          left -= rows;
          return left < 0;
        });
        culprit = hit?.file;
        return hit?.places?.of(left + (hit.rows ?? 0)) ?? {};
      });
    } catch (error) {
      throw culprit === undefined ? error : new FileTrouble(culprit, error);
    }
  }

  async stream(client: ClientBase, _: LedgerFile, open: OpenFile): Promise<number> {
    const { chunks, places } = this.#reader.read(await open());
    await this.#table.load(client, chunks, (row) => places.of(row));
    return places.rows;
  }
}

/** A function of the user, in the same skeleton. */
export class OwnWork implements LoadWork {
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
      // What is the connection's fault is no file's
      throw ['lost', 'credentials', 'race'].includes(faultOf(error)) ? error : new FileTrouble(file, error);
    }
  }
}

/** Files of a kilobyte each would be a system call each. */
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
