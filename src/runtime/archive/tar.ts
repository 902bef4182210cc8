import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import type { Header } from 'tar-stream';
import { resolveAllowances, type ArchiveAllowance } from './allowances.js';
import type { ArchiveEntry, ReadOptions } from './archive-entry.js';
import { ByteReader } from './byte-reader.js';
import type { EntryKind } from './entry-record.js';
import { EntryStream } from './entry-stream.js';
import { asTarError, collectUpTo, rawPieces, ungzipped } from './gzip.js';
import { OutputBudget, resolveLimits, type ArchiveLimits } from './limits.js';
import { foldName, problemOfName } from './names.js';
import { TarError, type TarErrorCode } from './tar-error.js';

export interface TarOptions {
  /**
   * `maxDirectoryBytes` and `maxNesting` do not apply; `maxRatio` and `maxTotalBytes` apply to a tar.gz as a whole.
   *
   * @default - {@link DEFAULT_ARCHIVE_LIMITS}
   */
  readonly limits?: ArchiveLimits;
  /** `symlinks`, `backslashes`, `reserved-names` and `folded-duplicates` apply. @default - nothing */
  readonly allow?: readonly ArchiveAllowance[];
  /** Names the archive in errors. @default 'stream' */
  readonly label?: string;
  /** @default - none */
  readonly signal?: AbortSignal;
}

/** End mark of a tar: two blocks of zeros. Without them it is truncated, possibly between two entries. */
const END_BYTES = 1024;

/**
 * Reads a tar or tar.gz, detected by its first bytes, from start to end. Needs the optional peer `tar-stream`.
 *
 * A tar has no checksums of contents: only a tar.gz detects damaged contents, at its end. Do not commit results before
 * the loop has ended. An entry can be read until the next one is requested. The prefix `./` that tar adds to names is
 * removed.
 *
 * @throws TarError
 * @throws ConfigurationError for an invalid option
 */
export async function* streamTar(
  source: AsyncIterable<Uint8Array>,
  options: TarOptions = {},
): AsyncGenerator<TarEntry, void, void> {
  const { label: archive = 'stream', signal } = options;
  const limits = resolveLimits(options.limits);
  const input = new Input();
  const rules: TarRules = { archive, limits, allow: resolveAllowances(options.allow), names: new Set(), input };
  const tar = await loadTarStream(archive);
  const reader = new ByteReader(archive, source, signal);
  const extract = tar.extract();
  try {
    const magic = await reader.peek(2);
    const gzipped = magic.length >= 2 && magic[0] === 0x1f && magic[1] === 0x8b;
    const budget = new OutputBudget(limits.maxTotalBytes);
    const bytes = input.watch(gzipped ? ungzipped(reader, limits, budget, signal) : rawPieces(reader));
    const fed = pipeline(bytes, extract as unknown as NodeJS.WritableStream, { signal });
    fed.catch(() => undefined); // arrives through the loop
    let entries = 0;
    for await (const raw of extract) {
      entries += 1;
      if (entries > limits.maxEntries) {
        throw new TarError(
          'ERR_TAR_TOO_MANY_ENTRIES',
          `more than \`limits.maxEntries\` (${limits.maxEntries}) entries`,
          { archive },
        );
      }
      const entry = new TarEntry(raw as AsyncIterable<Buffer>, raw.header, rules);
      // `./` itself, which has an empty name.
      if (entry.name !== '' || entry.kind !== 'directory') {
        yield entry;
      }
      raw.resume();
    }
    await fed;
    if (!input.ended) {
      throw new TarError('ERR_TAR_TRUNCATED', 'it ends without its end mark', { archive, offset: reader.offset });
    }
  } catch (error) {
    throw asTarError(input.failure ?? error, archive, signal);
  } finally {
    extract.destroy();
    reader.close();
  }
}

interface TarRules {
  readonly archive: string;
  readonly limits: Required<ArchiveLimits>;
  readonly allow: ReadonlySet<ArchiveAllowance>;
  readonly names: Set<string>;
  readonly input: Input;
}

/** One entry of a tar. */
export class TarEntry implements ArchiveEntry {
  readonly name: string;
  readonly kind: EntryKind;
  readonly size: number;
  /** A tar has no checksums. */
  readonly crc32 = undefined;
  readonly modified: Date | undefined;
  readonly refusal: TarError | undefined;
  readonly #raw: AsyncIterable<Buffer>;
  readonly #target: Buffer | undefined;
  readonly #rules: TarRules;

  /** @internal Made by `streamTar`. */
  constructor(raw: AsyncIterable<Buffer>, header: Header, rules: TarRules) {
    const slashed = rules.allow.has('backslashes') ? header.name.replaceAll('\\', '/') : header.name;
    this.name = slashed.replace(/^(?:\.\/)+/, '');
    const { type } = header;
    const link = type === 'symlink' || type === 'link';
    this.kind = link ? 'symlink' : type === 'directory' ? 'directory' : 'file';
    this.#target = link ? Buffer.from(header.linkname) : undefined;
    this.size = this.#target?.length ?? header.size;
    this.modified = header.mtime;
    this.#raw = raw;
    this.#rules = rules;
    const code = this.#problem(type, rules);
    this.refusal =
      code && new TarError(code, 'the entry is not safe to read', { archive: rules.archive, entry: this.name });
  }

  async buffer({ signal }: ReadOptions = {}): Promise<Buffer> {
    return collectUpTo(this.#pieces(signal), this.#rules.limits.maxBufferBytes, this.#rules.archive, this.name);
  }

  stream({ signal }: ReadOptions = {}): Readable {
    return new EntryStream((stop) => this.#pieces(stop), signal);
  }

  pieces({ signal }: ReadOptions = {}): AsyncIterable<Buffer> {
    return this.#pieces(signal);
  }

  async *#pieces(signal: AbortSignal | undefined): AsyncGenerator<Buffer, void, void> {
    if (this.refusal !== undefined) {
      throw this.refusal;
    }
    signal?.throwIfAborted();
    if (this.#target !== undefined) {
      yield this.#target;
      return;
    }
    try {
      for await (const piece of this.#raw) {
        signal?.throwIfAborted();
        yield piece;
      }
    } catch (error) {
      throw asTarError(this.#rules.input.failure ?? error, this.#rules.archive, signal);
    }
  }

  #problem(type: string, { limits, allow, names }: TarRules): TarErrorCode | undefined {
    if (this.name.includes('\ufffd')) {
      return 'ERR_TAR_NAME_ENCODING';
    }
    const problem =
      this.name === '' && type === 'directory'
        ? undefined
        : problemOfName(this.name, Buffer.byteLength(this.name), { ...limits, allow });
    if (problem !== undefined) {
      return `ERR_TAR_${problem}`;
    }
    if (this.kind === 'symlink' && !allow.has('symlinks')) {
      return 'ERR_TAR_SYMLINK';
    }
    if (!['file', 'contiguous-file', 'directory', 'symlink', 'link'].includes(type)) {
      return 'ERR_TAR_SPECIAL_FILE';
    }
    // Readers differ in where the data of a directory ends.
    if (type === 'directory' && this.size !== 0) {
      return 'ERR_TAR_SIZE';
    }
    if (this.size > limits.maxEntryBytes) {
      return 'ERR_TAR_ENTRY_TOO_LARGE';
    }
    const bare = this.name.replace(/\/$/, '');
    const key = allow.has('folded-duplicates') ? bare : foldName(this.name);
    if (names.has(key)) {
      return 'ERR_TAR_DUPLICATE_NAME';
    }
    names.add(key);
    return undefined;
  }
}

/**
 * Tracks whether the last bytes were the end mark, and the error of the input: tar-stream does not always forward it.
 */
class Input {
  failure: unknown;
  #last: Buffer = Buffer.alloc(0);

  get ended(): boolean {
    return this.#last.length === END_BYTES && this.#last.every((byte) => byte === 0);
  }

  async *watch(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
    try {
      for await (const piece of pieces) {
        this.#last = Buffer.concat([this.#last, piece.subarray(-END_BYTES)]).subarray(-END_BYTES);
        yield piece;
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}

async function loadTarStream(archive: string): Promise<typeof import('tar-stream')> {
  try {
    return await import('tar-stream');
  } catch (cause) {
    throw new TarError('ERR_TAR_MISSING_LIBRARY', 'reading tar needs the package tar-stream, which is not installed', {
      archive,
      cause,
    });
  }
}
