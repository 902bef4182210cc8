import { createHash } from 'node:crypto';
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
  /** How much the archive may ask of us. @default - {@link DEFAULT_ARCHIVE_LIMITS} */
  readonly limits?: ArchiveLimits;
  /** What is otherwise refused. @default - nothing */
  readonly allow?: readonly ArchiveAllowance[];
  /**
   * How names without a UTF-8 mark are read: by the standard, or as several tools on macOS and Linux write them.
   * @default 'cp437'
   */
  readonly legacyEncoding?: 'cp437' | 'utf-8';
  /**
   * For entries that are encrypted by WinZip AES. They need the optional peer `@zip.js/zip.js`. ZipCrypto is refused,
   * with a password too.
   *
   * @default - encrypted entries are refused
   */
  readonly password?: string;
  /**
   * By number of the method, for those that are not built in. Built in are stored (0), deflate (8), zstd (93) from Node
   * 22.15 on, and deflate64 (9) where
   * `@zip.js/zip.js` is installed.
   *
   * @default - none
   */
  readonly decompressors?: Readonly<Record<number, Decompressor>>;
  /** Closes the archive when it aborts, and with it every read. @default - none */
  readonly signal?: AbortSignal;
}

export interface ReadAllOptions {
  /** Which entries; directories are offered as well. @default - every file */
  readonly select?: (entry: ZipEntry) => boolean;
  /** Reads of at most 512 KiB that are made ahead of the entry that is being worked on; at least 1. @default 8 */
  readonly readAhead?: number;
  /** @default - none */
  readonly signal?: AbortSignal;
}

export interface ForEachOptions extends ReadAllOptions {
  /**
   * Entries worked on at the same time; at least 1. Two are enough for two cores, more hide the latency of what the
   * handler waits for. @default 2
   */
  readonly concurrency?: number;
}

/**
 * Opens a ZIP for reading at any place: its central directory is read and checked, and no entry yet.
 *
 * This is the way of reading that can be trusted fully. Everything that the directory tells is checked before the first
 * byte of content is handed out,
 * and what two readers could understand differently is refused.
 *
 * @param source a source from `s3Source`, `httpSource`, `fileSource` or `bufferSource`, bytes, or an entry that is an
 * archive itself (then all of it is
 *   held in memory, and its output counts against the limits of the archive around it)
 * @throws ZipError
 * @throws TypeError for an unknown or unusable option
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

/** An open ZIP. It can be read by many readers at once, and must be closed. */
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

  /** The archive, as its source names it. */
  get label(): string {
    return this.#context.source.label;
  }

  /**
   * SHA-256 of the central directory in hex: stands for the names, sizes and checksums of everything in the archive.
   */
  get fingerprint(): string {
    return createHash('sha256').update(this.#directory.bytes).digest('hex');
  }

  /** The entry with this name, or undefined. Of entries that share a name, any: all of them are refused. */
  get(name: string): ZipEntry | undefined {
    this.#byName ??= new Map(this.entries.map((entry) => [entry.name, entry]));
    return this.#byName.get(name);
  }

  /** Every file, one after the other; the same as `read()`. */
  [Symbol.asyncIterator](): AsyncGenerator<ZipEntry, void, void> {
    return this.read();
  }

  /**
   * Entries one after the other in the order of their data, with what is small read ahead in few, large reads.
   *
   * An entry that is refused is handed out too, and throws when it is read. An entry may be kept and read later; as
   * long as it is kept, so is the read of up
   * to 512 KiB that it came with. To keep many, take them from `entries`.
   */
  async *read(options: ReadAllOptions = {}): AsyncGenerator<ZipEntry, void, void> {
    const readAhead = atLeastOne('readAhead', options.readAhead ?? 8);
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
          bytes.catch(() => undefined); // thrown when its turn comes
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
   * Calls the handler with every entry, several at a time; large ones are then inflated on several cores.
   *
   * When a handler fails, the signal that every handler gets aborts, and this rejects with that first failure after all
   * of them have ended.
   */
  async forEach(
    handler: (entry: ZipEntry, signal: AbortSignal) => Promise<void> | void,
    options: ForEachOptions = {},
  ): Promise<void> {
    const concurrency = atLeastOne('concurrency', options.concurrency ?? 2);
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

  /** Ends every read and gives the source back. Twice is once. */
  async close(): Promise<void> {
    this.#closing.abort(new ZipError('ERR_ZIP_SOURCE', 'the archive was closed', { archive: this.label }));
    await this.#context.source.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Reads what is worth reading ahead; a large entry is read by its own stream. */
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

/** Several loops may share one generator; a loop that ends must not end it for the others. */
async function* entriesOf(entries: AsyncGenerator<ZipEntry, void, void>): AsyncGenerator<ZipEntry, void, void> {
  for (let next = await entries.next(); next.done !== true; next = await entries.next()) {
    yield next.value;
  }
}

function atLeastOne(name: string, value: number): number {
  if (!(Number.isInteger(value) && value >= 1)) {
    throw new TypeError(`Expected \`${name}\` to be a whole number >= 1, got \`${String(value)}\``);
  }
  return value;
}
