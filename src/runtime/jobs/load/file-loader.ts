import type { S3Client } from '@aws-sdk/client-s3';
import type { LoadRoute } from '../../../contract/load-route.js';
import {
  DatabaseUnavailable,
  faultOf,
  FileRejected,
  FileTrouble,
  Ledger,
  type LedgerFile,
  type LoaderConnection,
  type LoadFile,
  type LoadWork,
  MappedWork,
  OwnWork,
  type PreparedFile,
  refusal,
} from '../../database/index.js';
import { ConfigurationError, hasCode } from '../../errors.js';
import { type Clock, systemClock } from '../../support/clock.js';
import { Portions } from '../../support/portions.js';
import { BatchSizer, bytesOf } from './batch-sizer.js';
import { FileSuperseded, FileTooLarge, openObject } from './object-file.js';
import { ReadAhead } from './read-ahead.js';

/** What became of a file. */
export type FileOutcome =
  | { readonly result: 'loaded'; readonly rows?: number }
  /** It was loaded before. */
  | { readonly result: 'repeated' }
  /** A newer version of the same key was loaded, or stands in the bucket. */
  | { readonly result: 'superseded' }
  /** No retry can help. */
  | { readonly result: 'rejected'; readonly error: FileRejected }
  /** Over the limit: nothing was done. */
  | { readonly result: 'too-large' }
  /** Something else went wrong, or the time was over: try again. */
  | { readonly result: 'failed'; readonly error: unknown };

export interface FileLoaderOptions {
  /** Names the ledger's rows: two loaders may load the same file, one must not do it twice. */
  readonly name: string;
  readonly connection: LoaderConnection;
  readonly client: S3Client;
  /** Mappings of files to tables; the first that matches a key counts. Not together with `load`. */
  readonly routes?: readonly LoadRoute[];
  /** Loads a file of any key. */
  readonly load?: LoadFile;
  /** Bytes of the largest file that `loadAll` takes, 1 or more. @default 8 MiB */
  readonly maxFileBytes?: number;
  /** Bytes of files in memory, and in a transaction, together, 1 or more. @default 64 MiB */
  readonly maxBatchBytes?: number;
  readonly clock?: Clock;
}

interface Route {
  readonly matches: (key: string) => boolean;
  readonly work: LoadWork;
}

type Outcomes = Map<string, FileOutcome>;

const MIB = 1024 * 1024;
/** Parsed in a turn of the event loop, which that makes a millisecond or two long. */
const PORTION_BYTES = 64 * 1024;
/** A transaction that could not end in this is not begun. */
const RESERVE_MS = 5_000;

/**
 * Loads files of S3 into PostgreSQL, each exactly once, however often its event is delivered: the rows of a file and
 * its row in the ledger are one transaction.
 *
 * Files are read while the ones before them are stored, and many share a transaction. When the database refuses it, the
 * file that is to blame is put aside
 * and the others are loaded without it; where nobody knows which one that is, halves are tried.
 */
export class FileLoader {
  readonly #options: FileLoaderOptions;
  readonly #ledger: Ledger;
  readonly #routes: readonly Route[];
  readonly #maxFileBytes: number;
  readonly #maxBatchBytes: number;
  readonly #sizer = new BatchSizer();
  readonly #portions = new Portions(PORTION_BYTES);
  readonly #clock: Clock;

  /** @throws ConfigurationError */
  constructor(options: FileLoaderOptions) {
    const { name, routes, load, maxFileBytes = 8 * MIB, maxBatchBytes = 64 * MIB, clock = systemClock } = options;
    if ((routes === undefined) === (load === undefined)) {
      throw new ConfigurationError(['expected either `routes` or `load`, and not both']);
    }
    this.#options = options;
    this.#ledger = new Ledger(name);
    this.#routes =
      load === undefined ? (routes ?? []).map(routeOf) : [{ matches: () => true, work: new OwnWork(load) }];
    this.#maxFileBytes = maxFileBytes;
    this.#maxBatchBytes = maxBatchBytes;
    this.#clock = clock;
  }

  /**
   * Loads files that fit into memory, as many in one transaction as their sizes allow. It never rejects: every file
   * gets its outcome, by its id.
   *
   * @param remainingMs tells how much time is left; files that it does not suffice for fail
   */
  async loadAll(
    files: readonly LedgerFile[],
    remainingMs: () => number = () => Infinity,
  ): Promise<ReadonlyMap<string, FileOutcome>> {
    const outcomes: Outcomes = new Map();
    try {
      const unique = [...new Map(files.map((file) => [file.id, file])).values()];
      const groups = await this.#groups(unique, outcomes);
      for (const [work, group] of groups) {
        await this.#loadGroup(work, group, outcomes, remainingMs);
      }
      await this.#noteRejections(unique, outcomes);
    } catch (error) {
      // The database is not there: rejections come again too, so that their reasons get noted
      for (const { id } of files) {
        if (!outcomes.has(id) || outcomes.get(id)?.result === 'rejected') {
          outcomes.set(id, { result: 'failed', error });
        }
      }
    }
    return outcomes;
  }

  /** Loads one file of any size in one transaction of its own, as it is read. It never rejects. */
  async loadLarge(file: LedgerFile, signal?: AbortSignal): Promise<FileOutcome> {
    const outcomes: Outcomes = new Map();
    try {
      for (const [work] of await this.#groups([file], outcomes, Infinity)) {
        outcomes.set(file.id, await this.#stream(work, file, signal));
      }
      await this.#noteRejections([file], outcomes);
    } catch (error) {
      outcomes.set(file.id, { result: 'failed', error });
    }
    return outcomes.get(file.id) as FileOutcome;
  }

  /** The files that are to be read, by what is done with them. The others have their outcome. */
  async #groups(
    files: readonly LedgerFile[],
    outcomes: Outcomes,
    maxBytes = this.#maxFileBytes,
  ): Promise<Map<LoadWork, LedgerFile[]>> {
    const done = await this.#options.connection.statement((client) => this.#ledger.done(client, files));
    const groups = new Map<LoadWork, LedgerFile[]>();
    for (const file of files) {
      const { key, size = 0 } = file.object;
      const work = this.#routes.find(({ matches }) => matches(key))?.work;
      const status = done.get(file.id);
      if (status !== undefined) {
        outcomes.set(file.id, { result: status === 'superseded' ? 'superseded' : 'repeated' });
      } else if (work === undefined) {
        outcomes.set(file.id, {
          result: 'rejected',
          error: new FileRejected('no route of the loader matches the key'),
        });
      } else if (size > maxBytes) {
        outcomes.set(file.id, { result: 'too-large' });
      } else {
        groups.set(work, [...(groups.get(work) ?? []), file]);
      }
    }
    return groups;
  }

  async #loadGroup(
    work: LoadWork,
    files: readonly LedgerFile[],
    outcomes: Outcomes,
    remainingMs: () => number,
  ): Promise<void> {
    const ahead = new ReadAhead(files, {
      maxBytes: this.#maxBatchBytes,
      bytesOf,
      prepare: (file) => this.#prepare(work, file, outcomes),
    });
    try {
      for (
        let ready = await ahead.ready();
        ready.length > 0 && remainingMs() >= RESERVE_MS;
        ready = await ahead.ready()
      ) {
        const batch = this.#sizer.take(ready, remainingMs());
        const started = this.#clock.now();
        await this.#store(work, oldestFirst(batch), outcomes);
        this.#sizer.observe(batch, this.#clock.now() - started);
        ahead.release(batch);
      }
    } finally {
      await ahead.stop();
    }
    for (const { id } of files) {
      if (!outcomes.has(id)) {
        outcomes.set(id, { result: 'failed', error: new Error('no time was left for the file in this invocation') });
      }
    }
  }

  /** Leaves the outcome of a file that cannot be loaded. */
  async #prepare(work: LoadWork, file: LedgerFile, outcomes: Outcomes): Promise<PreparedFile | undefined> {
    try {
      return await work.prepare(file, () => this.#fetch(file));
    } catch (error) {
      outcomes.set(file.id, outcomeOf(error));
      return undefined;
    }
  }

  /** What the object holds, once it is its turn to be parsed. */
  async #fetch({ object }: LedgerFile): Promise<readonly Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    for await (const piece of await openObject(this.#options.client, object, this.#maxFileBytes)) {
      pieces.push(piece);
    }
    await this.#portions.take(pieces.reduce((bytes, { length }) => bytes + length, 0));
    return pieces;
  }

  /** Stores files together; when that fails because of some of them, in parts. */
  async #store(work: LoadWork, prepared: readonly PreparedFile[], outcomes: Outcomes): Promise<void> {
    if (prepared.length === 0) {
      return;
    }
    const files = prepared.map(({ file }) => file);
    try {
      const [claimed, counted] = await this.#transaction(async (client) => {
        const taken = await this.#claim(client, work, prepared);
        const fresh = prepared.filter(({ file }) => taken.get(file.id) === 'loaded');
        const told = fresh.length === 0 ? undefined : await work.store(client, fresh);
        if (told !== undefined) {
          await this.#ledger.count(client, told);
        }
        return [taken, told] as const;
      });
      for (const {
        file: { id },
        rows,
      } of prepared) {
        outcomes.set(id, outcomeOfClaim(claimed.get(id), rows ?? counted?.get(id)));
      }
    } catch (error) {
      if (error instanceof DatabaseUnavailable) {
        throw error;
      }
      const trouble = error instanceof FileTrouble ? error.file : undefined;
      if (trouble === undefined && !isRowFault(error)) {
        for (const { id } of files) {
          outcomes.set(id, { result: 'failed', error });
        }
      } else if (files.length === 1) {
        outcomes.set(files[0]?.id ?? '', outcomeOf(error));
      } else {
        // The one that is to blame comes last, and alone: it may be to blame only for what another one did
        const halves = parted(prepared, ({ file }, index) =>
          trouble === undefined ? index < prepared.length / 2 : file.id !== trouble.id,
        );
        for (const half of halves) {
          await this.#store(work, half, outcomes);
        }
      }
    }
  }

  async #stream(work: LoadWork, file: LedgerFile, signal?: AbortSignal): Promise<FileOutcome> {
    try {
      return await this.#transaction(async (client) => {
        const claimed = await this.#claim(client, work, [{ file }]);
        const status = claimed.get(file.id);
        if (status !== 'loaded') {
          return outcomeOfClaim(status);
        }
        const rows = await work.stream(client, file, () =>
          openObject(this.#options.client, file.object, Infinity, signal),
        );
        signal?.throwIfAborted();
        await this.#ledger.count(client, new Map([[file.id, rows]]));
        return outcomeOfClaim(status, rows);
      }, LARGE_FILE_TIMEOUT_MS);
    } catch (error) {
      return outcomeOf(error);
    }
  }

  async #noteRejections(files: readonly LedgerFile[], outcomes: Outcomes): Promise<void> {
    const rejected = files.flatMap((file) => {
      const outcome = outcomes.get(file.id);
      return outcome?.result === 'rejected' ? [{ file, error: outcome.error }] : [];
    });
    if (rejected.length > 0) {
      await this.#transaction((client) => this.#ledger.reject(client, rejected));
    }
  }

  #claim(
    client: Parameters<Ledger['claim']>[0],
    work: LoadWork,
    files: readonly Pick<PreparedFile, 'file' | 'rows'>[],
  ) {
    return this.#ledger.claim(
      client,
      files.toSorted((one, other) => compare(one.file.id, other.file.id)),
      work.newestWins,
    );
  }

  #transaction: LoaderConnection['transaction'] = (work, timeoutMs) =>
    this.#options.connection.transaction(work, timeoutMs);
}

/** As long as SQS lets a message be worked on. */
const LARGE_FILE_TIMEOUT_MS = 12 * 60 * 60 * 1_000;

function routeOf(route: LoadRoute): Route {
  const { prefix = '', suffix = '' } = route;
  return {
    matches: (key) => key.startsWith(prefix) && key.endsWith(suffix) && key.length >= prefix.length + suffix.length,
    work: new MappedWork(route),
  };
}

function outcomeOfClaim(status: 'loaded' | 'superseded' | undefined, rows?: number): FileOutcome {
  if (status === undefined) {
    return { result: 'repeated' };
  }
  return status === 'superseded' ? { result: status } : { result: status, ...(rows === undefined ? {} : { rows }) };
}

function outcomeOf(error: unknown): FileOutcome {
  if (error instanceof FileTrouble) {
    return outcomeOf(error.cause);
  }
  if (hasCode<FileRejected>(error, 'ERR_FILE_REJECTED')) {
    return { result: 'rejected', error };
  }
  if (error instanceof FileSuperseded) {
    return { result: 'superseded' };
  }
  if (error instanceof FileTooLarge) {
    return { result: 'too-large' };
  }
  // A constraint that was checked at the commit, or a query of the user's
  return isRowFault(error)
    ? { result: 'rejected', error: refusal(error as Parameters<typeof refusal>[0], () => ({})) }
    : { result: 'failed', error };
}

const isRowFault = (error: unknown): boolean =>
  hasCode<FileRejected>(error, 'ERR_FILE_REJECTED') || faultOf(error) === 'row';

/** Of one key the older version first, so that the newer one stays. */
const oldestFirst = (files: readonly PreparedFile[]) =>
  files.toSorted(({ file: one }, { file: other }) => compare(one.sequencer ?? '', other.sequencer ?? ''));

function parted<T>(all: readonly T[], first: (one: T, index: number) => boolean): [T[], T[]] {
  return [all.filter(first), all.filter((one, index) => !first(one, index))];
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
