import type { S3Client } from '@aws-sdk/client-s3';
import type { LoadRoute } from '../../../contract/load-route.js';
import {
  DatabaseUnavailable,
  faultOf,
  FileRejected,
  FileLoadFailure,
  Ledger,
  type LedgerFile,
  type LoaderConnection,
  type LoadFile,
  type RouteLoader,
  MappingRouteLoader,
  FunctionRouteLoader,
  type PreparedFile,
  rejectionOf,
} from '../../database/index.js';
import { hasCode } from '../../errors.js';
import { type Clock, systemClock } from '../../support/clock.js';
import { OptionChecks } from '../../support/option-checks.js';
import { Portions } from '../../support/portions.js';
import { BatchSizer, bytesOf } from './batch-sizer.js';
import { FileSuperseded, FileTooLarge, openObject } from './object-file.js';
import { ReadAhead } from './read-ahead.js';

/** Result of a file. */
export type FileOutcome =
  | { readonly result: 'loaded'; readonly rows?: number }
  /** The file was loaded before. */
  | { readonly result: 'repeated' }
  /** A newer version of the same key was loaded, or is in the bucket. */
  | { readonly result: 'superseded' }
  /** A retry cannot succeed. */
  | { readonly result: 'rejected'; readonly error: FileRejected }
  /** The file exceeds the limit and was not loaded. */
  | { readonly result: 'too-large' }
  /** Any other error, or not enough time: retry. */
  | { readonly result: 'failed'; readonly error: unknown };

export interface FileLoaderOptions {
  /** Name of the loader in the ledger: each loader loads a file once. */
  readonly name: string;
  readonly connection: LoaderConnection;
  readonly client: S3Client;
  /** Mappings of files to tables; the first that matches a key applies. Not together with `load`. */
  readonly routes?: readonly LoadRoute[];
  /** Loads files of all keys. Not together with `routes`. */
  readonly load?: LoadFile;
  /** Maximum bytes of a file in `loadAll`, 1 or more. @default 8 MiB */
  readonly maxFileBytes?: number;
  /** Maximum total bytes of files in memory, and in one transaction, 1 or more. @default 64 MiB */
  readonly maxBatchBytes?: number;
  readonly clock?: Clock;
}

interface Route {
  readonly matches: (key: string) => boolean;
  readonly work: RouteLoader;
}

type Outcomes = Map<string, FileOutcome>;

const MIB = 1024 * 1024;
/** Bytes parsed in one turn of the event loop, which takes one or two milliseconds. */
const PORTION_BYTES = 64 * 1024;
/** Minimum remaining time for starting a transaction. */
const RESERVE_MS = 5_000;

/**
 * Loads files from S3 into PostgreSQL, each exactly once regardless of duplicate events: the rows of a file and its
 * ledger row are written in one transaction.
 *
 * Files are read while the previous ones are stored, and many share a transaction. If the database refuses a
 * transaction, the file that caused it is separated and the others are loaded without it; if the cause is unknown, the
 * transaction is split in halves.
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
    const checks = new OptionChecks();
    checks.that((routes === undefined) !== (load === undefined), 'expected either `routes` or `load`, and not both');
    checks.done();
    this.#options = options;
    this.#ledger = new Ledger(name);
    this.#routes =
      load === undefined ? (routes ?? []).map(routeOf) : [{ matches: () => true, work: new FunctionRouteLoader(load) }];
    this.#maxFileBytes = maxFileBytes;
    this.#maxBatchBytes = maxBatchBytes;
    this.#clock = clock;
  }

  /**
   * Loads files that fit into memory, several in one transaction. It never rejects: the result contains an outcome for
   * every file id.
   *
   * @param remainingMs returns the remaining time; files that cannot be loaded in time fail
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
      // The database is unavailable: rejected files are retried too, so that their reasons are recorded
      for (const { id } of files) {
        if (!outcomes.has(id) || outcomes.get(id)?.result === 'rejected') {
          outcomes.set(id, { result: 'failed', error });
        }
      }
    }
    return outcomes;
  }

  /** Loads one file of any size as a stream, in its own transaction. It never rejects. */
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

  /** Groups the files to be read by route; sets the outcome of the others. */
  async #groups(
    files: readonly LedgerFile[],
    outcomes: Outcomes,
    maxBytes = this.#maxFileBytes,
  ): Promise<Map<RouteLoader, LedgerFile[]>> {
    const done = await this.#options.connection.statement((client) => this.#ledger.done(client, files));
    const groups = new Map<RouteLoader, LedgerFile[]>();
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
    work: RouteLoader,
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
        outcomes.set(id, { result: 'failed', error: new Error('not enough time for the file in this invocation') });
      }
    }
  }

  /** Prepares a file; sets the outcome if it cannot be loaded. */
  async #prepare(work: RouteLoader, file: LedgerFile, outcomes: Outcomes): Promise<PreparedFile | undefined> {
    try {
      return await work.prepare(file, () => this.#fetch(file));
    } catch (error) {
      outcomes.set(file.id, outcomeOf(error));
      return undefined;
    }
  }

  /** Reads the content of the object, and waits until it may be parsed. */
  async #fetch({ object }: LedgerFile): Promise<readonly Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    for await (const piece of await openObject(this.#options.client, object, this.#maxFileBytes)) {
      pieces.push(piece);
    }
    await this.#portions.take(pieces.reduce((bytes, { length }) => bytes + length, 0));
    return pieces;
  }

  /** Stores files in one transaction; if it fails because of some of them, in several. */
  async #store(work: RouteLoader, prepared: readonly PreparedFile[], outcomes: Outcomes): Promise<void> {
    if (prepared.length === 0) {
      return;
    }
    const files = prepared.map(({ file }) => file);
    try {
      const [claimed, counted] = await this.#transaction(async (client) => {
        const taken = await this.#claim(client, work, prepared);
        const fresh = prepared.filter(({ file }) => taken.get(file.id) === 'loaded');
        const counts = fresh.length === 0 ? undefined : await work.store(client, fresh);
        if (counts !== undefined) {
          await this.#ledger.count(client, counts);
        }
        return [taken, counts] as const;
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
      const failedFile = error instanceof FileLoadFailure ? error.file : undefined;
      if (failedFile === undefined && !isRowFault(error)) {
        for (const { id } of files) {
          outcomes.set(id, { result: 'failed', error });
        }
      } else if (files.length === 1) {
        outcomes.set(files[0]?.id ?? '', outcomeOf(error));
      } else {
        // The failed file is stored last, on its own: the failure may depend on the other files
        const halves = parted(prepared, ({ file }, index) =>
          failedFile === undefined ? index < prepared.length / 2 : file.id !== failedFile.id,
        );
        for (const half of halves) {
          await this.#store(work, half, outcomes);
        }
      }
    }
  }

  async #stream(work: RouteLoader, file: LedgerFile, signal?: AbortSignal): Promise<FileOutcome> {
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
    work: RouteLoader,
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

/** The maximum processing time of an SQS message. */
const LARGE_FILE_TIMEOUT_MS = 12 * 60 * 60 * 1_000;

function routeOf(route: LoadRoute): Route {
  const { prefix = '', suffix = '' } = route;
  return {
    matches: (key) => key.startsWith(prefix) && key.endsWith(suffix) && key.length >= prefix.length + suffix.length,
    work: new MappingRouteLoader(route),
  };
}

function outcomeOfClaim(status: 'loaded' | 'superseded' | undefined, rows?: number): FileOutcome {
  if (status === undefined) {
    return { result: 'repeated' };
  }
  return status === 'superseded' ? { result: status } : { result: status, ...(rows === undefined ? {} : { rows }) };
}

function outcomeOf(error: unknown): FileOutcome {
  if (error instanceof FileLoadFailure) {
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
  // A deferred constraint, or a query of the user's function
  return isRowFault(error)
    ? { result: 'rejected', error: rejectionOf(error as Parameters<typeof rejectionOf>[0], () => ({})) }
    : { result: 'failed', error };
}

const isRowFault = (error: unknown): boolean =>
  hasCode<FileRejected>(error, 'ERR_FILE_REJECTED') || faultOf(error) === 'row';

/** Older versions of a key first, so that the newest one remains. */
const oldestFirst = (files: readonly PreparedFile[]) =>
  files.toSorted(({ file: one }, { file: other }) => compare(one.sequencer ?? '', other.sequencer ?? ''));

function parted<T>(all: readonly T[], first: (one: T, index: number) => boolean): [T[], T[]] {
  return [all.filter(first), all.filter((one, index) => !first(one, index))];
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
