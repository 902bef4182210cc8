import { createHash } from 'node:crypto';
import { AT_LEAST_ONE, checkedNumber } from '../support/option-checks.js';
import { resolveAllowances, type ArchiveAllowance } from './allowances.js';
import { readDirectory, type Directory } from './directory.js';
import { OutputBudget, resolveLimits, type ArchiveLimits } from './limits.js';
import { MAX_READ_BYTES, planReads, type PlannedRead } from './read-plan.js';
import { zstd, type Decompressor } from './optional-codecs.js';
import { Method } from './records.js';
import { bufferSource } from './sources/buffer-source.js';
import type { ArchiveSource } from './sources/source.js';
import { ZipEntry, type EntryContext, type ReadAhead } from './zip-entry.js';
import { ZipError } from './zip-error.js';

export interface ZipOptions {
  /** Limits for the archive. @default - {@link DEFAULT_ARCHIVE_LIMITS} */
  readonly limits?: ArchiveLimits;
  /** Exceptions from the refusals. @default - none */
  readonly allow?: readonly ArchiveAllowance[];
  /**
   * Encoding of names without the UTF-8 flag: that of the standard, or the one used by several tools on macOS and
   * Linux.
   * @default 'cp437'
   */
  readonly legacyEncoding?: 'cp437' | 'utf-8';
  /**
   * Password for entries encrypted with WinZip AES, which need the optional peer `@zip.js/zip.js`. ZipCrypto is refused
   * even with a password.
   *
   * @default - encrypted entries are refused
   */
  readonly password?: string;
  /**
   * Decompressors by method number, for methods that are not built in. Built in are stored (0), deflate (8), zstd (93)
   * from Node.js 22.15 on, and deflate64 (9) if `@zip.js/zip.js` is installed.
   *
   * @default - none
   */
  readonly decompressors?: Readonly<Record<number, Decompressor>>;
  /** Closes the archive and aborts every read. @default - none */
  readonly signal?: AbortSignal;
}

export interface ReadAllOptions {
  /** Selects entries, including directories. @default - every file */
  readonly select?: (entry: ZipEntry) => boolean;
  /** Number of reads of at most 512 KiB ahead of the current entry; at least 1. @default 8 */
  readonly readAhead?: number;
  /** @default - none */
  readonly signal?: AbortSignal;
}

export interface ForEachOptions extends ReadAllOptions {
  /**
   * Entries processed concurrently; at least 1. Two suffice for two cores, more hide the latency of the handler.
   * @default 2
   */
  readonly concurrency?: number;
}

/**
 * Opens a ZIP for random access: reads and validates its central directory, but no entries.
 *
 * This is the fully verified way to read a ZIP: the directory is validated before any content is returned, and
 * everything that readers could interpret differently is refused.
 *
 * @param source a source from `s3Source`, `httpSource`, `fileSource` or `bufferSource`, bytes, or an entry that is an
 * archive itself, which is held in memory and counts against the limits of the outer archive
 * @throws ZipError
 * @throws ConfigurationError for an invalid option
 */
export async function openZip(
  source: ArchiveSource | Uint8Array | ZipEntry,
  options: ZipOptions = {},
): Promise<ZipArchive> {
  const limits = resolveLimits(options.limits);
  const allow = resolveAllowances(options.allow);
  options.signal?.throwIfAborted();
  const outer = source instanceof ZipEntry ? source.context : undefined;
  const nesting = outer === undefined ? 0 : outer.nesting + 1;
  if (source instanceof ZipEntry && nesting > Math.min(limits.maxNesting, outer?.limits.maxNesting ?? Infinity)) {
    throw new ZipError(
      'ERR_ZIP_NESTING',
      `an archive in ${nesting} others; \`limits.maxNesting\` is ${limits.maxNesting}`,
      { archive: outer?.source.label ?? '', entry: source.name },
    );
  }
  const input =
    source instanceof ZipEntry
      ? bufferSource(await source.buffer(options), `${outer?.source.label ?? ''}!/${source.name}`)
      : source instanceof Uint8Array
        ? bufferSource(source)
        : source;
  const closing = new AbortController();
  const signal = options.signal === undefined ? closing.signal : AbortSignal.any([closing.signal, options.signal]);
  try {
    const directory = await readDirectory(
      input,
      { limits, allow, legacyEncoding: options.legacyEncoding ?? 'cp437' },
      signal,
    );
    const budget = outer?.budget ?? new OutputBudget(limits.maxTotalBytes);
    const context = {
      source: input,
      limits,
      budget,
      signal,
      nesting,
      password: options.password,
      decompressors: decompressorsOf(options),
    };
    return new ZipArchive(context, directory, closing);
  } catch (error) {
    await input.close();
    throw error;
  }
}

/** An open ZIP. It supports concurrent reads, and must be closed. */
export class ZipArchive implements AsyncIterable<ZipEntry>, AsyncDisposable {
  /** Every entry, directories and refused ones included, in the order of the directory. */
  readonly entries: readonly ZipEntry[];
  /** Bytes of the archive. */
  readonly size: number;
  readonly #context: EntryContext;
  readonly #directory: Directory;
  readonly #closing: AbortController;
  #byName: Map<string, ZipEntry> | undefined;

  /** @internal Made by `openZip`. */
  constructor(context: EntryContext, directory: Directory, closing: AbortController) {
    this.#context = context;
    this.#directory = directory;
    this.#closing = closing;
    this.size = directory.size;
    this.entries = directory.entries.map((record) => new ZipEntry(context, record));
  }

  /** Name of the archive, from its source. */
  get label(): string {
    return this.#context.source.label;
  }

  /** SHA-256 of the central directory in hex, which covers the names, sizes and checksums of all entries. */
  get fingerprint(): string {
    return createHash('sha256').update(this.#directory.bytes).digest('hex');
  }

  /** The entry with this name, or undefined. For duplicate names, any of the entries: all of them are refused. */
  get(name: string): ZipEntry | undefined {
    this.#byName ??= new Map(this.entries.map((entry) => [entry.name, entry]));
    return this.#byName.get(name);
  }

  /** Every file in turn; the same as `read()`. */
  [Symbol.asyncIterator](): AsyncGenerator<ZipEntry, void, void> {
    return this.read();
  }

  /**
   * Entries in the order of their data; small entries are read ahead in few, large reads.
   *
   * Refused entries are included, and throw when they are read. An entry can be kept and read later; it then retains
   * its read-ahead buffer of up to 512 KiB. To keep many entries, use `entries`.
   */
  async *read(options: ReadAllOptions = {}): AsyncGenerator<ZipEntry, void, void> {
    const readAhead = checkedNumber('readAhead', options.readAhead ?? 8, AT_LEAST_ONE);
    const select = options.select ?? ((entry: ZipEntry) => entry.kind === 'file');
    const stop = new AbortController();
    const signal = AbortSignal.any([
      stop.signal,
      this.#context.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    const reads = planReads(this.entries.filter(select).map((entry) => entry.record));
    const begun: Promise<ReadAhead | undefined>[] = [];
    try {
      for (let i = 0; i < reads.length; i++) {
        while (begun.length < readAhead && i + begun.length < reads.length) {
          const bytes = this.#begin(reads[i + begun.length], signal);
          bytes.catch(() => undefined); // thrown when it is awaited
          begun.push(bytes);
        }
        const ahead = await begun.shift();
        for (const record of reads[i].entries) {
          signal.throwIfAborted();
          yield new ZipEntry(this.#context, record, ahead);
        }
      }
    } finally {
      stop.abort();
      await Promise.allSettled(begun);
    }
  }

  /**
   * Calls the handler for every entry, concurrently, so that large entries are inflated on several cores.
   *
   * If a handler fails, the signal of all handlers aborts, and this rejects with the first failure after all handlers
   * have ended.
   */
  async forEach(
    handler: (entry: ZipEntry, signal: AbortSignal) => Promise<void> | void,
    options: ForEachOptions = {},
  ): Promise<void> {
    const concurrency = checkedNumber('concurrency', options.concurrency ?? 2, AT_LEAST_ONE);
    const stop = new AbortController();
    const signal = AbortSignal.any([
      stop.signal,
      this.#context.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    const entries = this.read({ ...options, signal });
    const work = async (): Promise<void> => {
      try {
        for await (const entry of entriesOf(entries)) {
          await handler(entry, signal);
        }
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    };
    await Promise.allSettled(Array.from({ length: concurrency }, work));
    await entries.return();
    signal.throwIfAborted();
  }

  /** Aborts every read and closes the source. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new ZipError('ERR_ZIP_SOURCE', 'the archive was closed', { archive: this.label }));
    await this.#context.source.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Starts a read-ahead; a large entry is read with its own stream. */
  async #begin({ start, end }: PlannedRead, signal: AbortSignal): Promise<ReadAhead | undefined> {
    return end - start > MAX_READ_BYTES
      ? undefined
      : { start, bytes: await this.#context.source.read(start, end, signal) };
  }
}

function decompressorsOf(options: ZipOptions): ReadonlyMap<number, Decompressor> {
  const given = Object.entries(options.decompressors ?? {}).map(([method, decompressor]): [number, Decompressor] => [
    Number(method),
    decompressor,
  ]);
  return new Map([...(zstd === undefined ? [] : [[Method.zstd, zstd] as const]), ...given]);
}

/** Shares one generator between loops; the end of one loop must not end it for the others. */
async function* entriesOf(entries: AsyncGenerator<ZipEntry, void, void>): AsyncGenerator<ZipEntry, void, void> {
  for (let next = await entries.next(); next.done !== true; next = await entries.next()) {
    yield next.value;
  }
}
