import type { Readable } from 'node:stream';
import { resolveAllowances } from './allowances.js';
import type { ArchiveEntry, ReadOptions } from './archive-entry.js';
import { ByteReader } from './byte-reader.js';
import { decoded } from './decoded.js';
import { entryError } from './entry-data.js';
import { describeEntry, refusalOf, type EntryKind, type EntryRecord, type EntryRules } from './entry-record.js';
import { EntryStream } from './entry-stream.js';
import { detachAfterUse } from './detach-after-use.js';
import { OutputBudget, resolveLimits } from './limits.js';
import { foldName, withoutSlash } from './names.js';
import { sourceEnded } from './sources/source.js';
import { checkDirectory, Deliveries } from './streamed-directory.js';
import {
  decodeDosTime,
  decodeLocalHeader,
  DESCRIPTOR,
  Flag,
  LOCAL_HEADER,
  LOCAL_HEADER_BYTES,
  localHeaderBytes,
  Method,
} from './records.js';
import { hasLength, smallBody, streamedBody, type Counted, type StreamRules } from './streamed-body.js';
import type { ZipOptions } from './zip-archive.js';
import { ZipError } from './zip-error.js';

export interface StreamZipOptions extends ZipOptions {
  /** Names the archive in errors. @default 'stream' */
  readonly label?: string;
}

/**
 * Reads a ZIP from start to end, for a body without random access. Memory use grows only with the names of entries.
 *
 * **Limitations**, because of which `openZip` is preferred:
 *
 * - The directory is at the end. Before it is compared with the delivered entries, an attacker can present different
 *   files to this reader than to others. Do not commit results before `await archive.verified()`.
 * - Symbolic links and special files look like small files until then; `verified()` rejects if there were any.
 * - Stored entries of unknown length cannot be read (`ERR_ZIP_NOT_STREAMABLE`), and other entries of unknown length
 *   must be inflated even to be skipped.
 * - A duplicate name ends the read, because the first entry with the name was already delivered.
 *
 * An entry can be read until the next one is requested; its unread rest is skipped.
 *
 * @throws ConfigurationError for an invalid option
 */
export function streamZip(source: AsyncIterable<Uint8Array>, options: StreamZipOptions = {}): ZipStream {
  return new ZipStream(source, options);
}

/** Sufficient for the local header with nearly every name. */
const HEADER_WINDOW_BYTES = 512;

/** `PK`, the start of every record. */
const MAGIC = 0x4b50;

/** A ZIP that is read once from start to end. */
export class ZipStream implements AsyncIterable<StreamedEntry> {
  readonly #reader: ByteReader;
  readonly #rules: EntryRules & StreamRules;
  readonly #delivered = new Deliveries();
  readonly #names = new Set<string>();
  #state: 'waiting' | 'reading' | 'verified' | 'failed' = 'waiting';
  #failure: unknown;

  /** @internal Made by `streamZip`. */
  constructor(source: AsyncIterable<Uint8Array>, options: StreamZipOptions) {
    const limits = resolveLimits(options.limits);
    this.#rules = {
      limits,
      allow: resolveAllowances(options.allow),
      legacyEncoding: options.legacyEncoding ?? 'cp437',
      budget: new OutputBudget(limits.maxTotalBytes),
      guess: { contentBytes: 8 * 1024, windowBytes: 64 * 1024 },
    };
    this.#reader = new ByteReader(options.label ?? 'stream', source, options.signal);
  }

  /**
   * The entries in the order of the body. @throws ZipError for errors of the archive as a whole, at the latest after
   * the last entry
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamedEntry, void, void> {
    if (this.#state !== 'waiting') {
      throw new TypeError('A stream can be read only once');
    }
    this.#state = 'reading';
    const reader = this.#reader;
    try {
      await this.#skipSplitMark();
      for (let entry = await this.#nextEntry(); entry !== undefined; entry = await this.#nextEntry()) {
        yield entry;
        this.#delivered.add({ record: entry.record, counted: entry.counted ?? (await entry.finish()) });
      }
      await checkDirectory(reader, this.#delivered, this.#rules);
      this.#state = 'verified';
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      if (this.#state === 'reading') {
        this.#state = 'failed';
      }
      reader.close();
    }
  }

  /**
   * Resolves when all entries were read and the directory matches the delivered entries. Do not commit results before.
   *
   * @throws ZipError the error of the read, or `ERR_ZIP_NOT_VERIFIED` if it was not read to its end
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must arrive as a rejection
  async verified(): Promise<void> {
    if (this.#state === 'verified') {
      return;
    }
    if (this.#failure !== undefined) {
      throw this.#failure as Error;
    }
    throw new ZipError('ERR_ZIP_NOT_VERIFIED', 'the archive was not read to its end, so it is not verified', {
      archive: this.#reader.label,
    });
  }

  /** Split archives with a single part begin with a marker of four bytes, 8.5.4. */
  async #skipSplitMark(): Promise<void> {
    const mark = await this.#reader.peek(4);
    if (mark.length >= 4 && (mark.readUInt32LE(0) === DESCRIPTOR || mark.readUInt32LE(0) === 0x30304b50)) {
      this.#reader.advance(4);
    }
  }

  /** The next entry; undefined if it is not followed by a local header. */
  async #nextEntry(): Promise<StreamedEntry | undefined> {
    const reader = this.#reader;
    const { limits } = this.#rules;
    const archive = reader.label;
    const offset = reader.offset;
    if (!reader.gathered(HEADER_WINDOW_BYTES)) {
      await reader.gather(HEADER_WINDOW_BYTES);
    }
    const there = reader.bytes.length - reader.at;
    if (there < 4 || reader.bytes.readUInt32LE(reader.at) !== LOCAL_HEADER) {
      if (offset === 0 && (there < 4 || reader.bytes.readUInt16LE(reader.at) !== MAGIC)) {
        throw new ZipError('ERR_ZIP_NOT_ZIP', 'not a ZIP archive, or bytes precede it', { archive });
      }
      return undefined;
    }
    if (this.#delivered.size >= limits.maxEntries) {
      throw new ZipError(
        'ERR_ZIP_TOO_MANY_ENTRIES',
        `more than ${limits.maxEntries} entries, the limit \`limits.maxEntries\``,
        { archive },
      );
    }
    const length = there < LOCAL_HEADER_BYTES ? LOCAL_HEADER_BYTES : localHeaderBytes(reader.bytes, reader.at);
    if (there < length && (await reader.gather(length)) < length) {
      throw sourceEnded(archive, reader.offset);
    }
    // A copy: the names of entries must not retain the body in memory.
    const header = Buffer.allocUnsafe(length);
    reader.bytes.copy(header, 0, reader.at, reader.at + length);
    reader.advance(length);
    const record = this.#describe(header, offset);
    const key = this.#rules.allow.has('folded-duplicates') ? withoutSlash(record.name) : foldName(record.name);
    const names = this.#names.size;
    if (this.#names.add(key).size === names) {
      throw entryError(
        'ERR_ZIP_DUPLICATE_NAME',
        'an earlier entry has the same name, ignoring case and Unicode form',
        record,
        archive,
      );
    }
    return new StreamedEntry(reader, record, this.#rules);
  }

  #describe(header: Buffer, offset: number): EntryRecord {
    const local = decoded(() => decodeLocalHeader(header, 0), { archive: this.#reader.label, offset });
    // Unknown sizes cannot be refused yet.
    const unknown = (local.flags & Flag.descriptor) !== 0 && { size: 0, compressedSize: 0 };
    return describeEntry({ ...local, ...unknown, madeBy: 0, disk: 0, externalAttributes: 0, offset }, 0, this.#rules);
  }
}

/** One entry of a streamed ZIP. */
export class StreamedEntry implements ArchiveEntry {
  readonly #reader: ByteReader;
  readonly #rules: EntryRules & StreamRules;
  #body: AsyncGenerator<Buffer, Counted, void> | undefined;
  #counted: Counted | undefined;
  #started = false;
  #failed = false;
  #failure: unknown;

  /** @internal Entries come from `ZipStream`. */
  constructor(
    reader: ByteReader,
    readonly record: EntryRecord,
    rules: EntryRules & StreamRules,
  ) {
    this.#reader = reader;
    this.#rules = rules;
  }

  get name(): string {
    return this.record.name;
  }

  get kind(): EntryKind {
    return this.record.kind;
  }

  get size(): number | undefined {
    return hasLength(this.record) ? this.record.size : this.#counted?.size;
  }

  get crc32(): number | undefined {
    return hasLength(this.record) ? this.record.crc32 : this.#counted?.crc32;
  }

  get modified(): Date | undefined {
    return decodeDosTime(this.record.dosDate, this.record.dosTime);
  }

  get refusal(): ZipError | undefined {
    const archive = this.#reader.label;
    if ((this.record.flags & Flag.encrypted) !== 0) {
      return entryError('ERR_ZIP_ENCRYPTED', 'encrypted entries can be read only with openZip', this.record, archive);
    }
    if (this.record.method !== Method.stored && this.record.method !== Method.deflate) {
      return entryError(
        'ERR_ZIP_UNSUPPORTED_METHOD',
        `compression method ${this.record.method} can be read only with openZip`,
        this.record,
        archive,
      );
    }
    return refusalOf(this.record, archive);
  }

  async buffer(options: ReadOptions = {}): Promise<Buffer> {
    const { maxBufferBytes } = this.#rules.limits;
    if (!this.#started && this.refusal === undefined) {
      options.signal?.throwIfAborted();
      this.#started = true;
      try {
        const reading = smallBody(this.#reader, this.record, this.#rules);
        const small = reading instanceof Promise ? await reading : reading;
        this.#counted = small?.counted;
        if (small !== undefined) {
          return small.content;
        }
      } catch (error) {
        throw this.#failing(error);
      }
    }
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of this.#pieces(options.signal)) {
      bytes += piece.length;
      if (bytes > maxBufferBytes) {
        throw entryError(
          'ERR_ZIP_ENTRY_TOO_LARGE',
          `more than \`limits.maxBufferBytes\` (${maxBufferBytes}); use stream()`,
          this.record,
          this.#reader.label,
        );
      }
      pieces.push(piece);
    }
    return pieces.length === 1 ? Buffer.from(pieces[0]) : Buffer.concat(pieces);
  }

  stream(options: ReadOptions = {}): Readable {
    return new EntryStream((signal) => this.#pieces(signal), options.signal);
  }

  pieces(options: ReadOptions = {}): AsyncIterable<Buffer> {
    const pieces = this.#pieces(options.signal);
    // Stored content is part of the body, whose memory must not be detached.
    return this.record.method === Method.deflate ? detachAfterUse(pieces) : pieces;
  }

  /** @internal Actual sizes and checksum, after the entry was read to its end. */
  get counted(): Counted | undefined {
    return this.#counted;
  }

  /** @internal Reads the rest of the entry, up to the next one. */
  async finish(): Promise<Counted> {
    const { record } = this;
    if (!this.#started && hasLength(record)) {
      for (let left = record.compressedSize; left > 0;) {
        const piece = await this.#reader.some(left);
        if (piece.length === 0) {
          await this.#reader.take(1);
        } // throws: the body ended
        left -= piece.length;
      }
      return record;
    }
    if (
      !this.#started &&
      ((record.flags & Flag.encrypted) !== 0 || (record.method !== Method.deflate && record.method !== Method.stored))
    ) {
      const message =
        'the end of this entry cannot be found: its length is unknown, and it is encrypted or of an unknown method';
      throw entryError('ERR_ZIP_NOT_STREAMABLE', message, record, this.#reader.label);
    }
    while (this.#counted === undefined) {
      await this.#next();
    }
    return this.#counted;
  }

  /** Does not close the body on an early exit: `finish` reads the rest. */
  async *#pieces(signal: AbortSignal | undefined): AsyncGenerator<Buffer, void, void> {
    const refusal = this.refusal;
    if (refusal !== undefined) {
      throw refusal;
    }
    for (;;) {
      signal?.throwIfAborted();
      const piece = await this.#next();
      if (piece === undefined) {
        return;
      }
      yield piece;
    }
  }

  async #next(): Promise<Buffer | undefined> {
    this.#started = true;
    if (this.#counted !== undefined) {
      return undefined;
    }
    if (this.#failed) {
      throw this.#failure;
    }
    try {
      const { done, value } = await (this.#body ??= streamedBody(this.#reader, this.record, this.#rules)).next();
      if (done !== true) {
        return value;
      }
      this.#counted = value;
      return undefined;
    } catch (error) {
      throw this.#failing(error);
    }
  }

  /** Stores a failure, so that a request for the next entry throws it again: the start of that entry is unknown. */
  #failing(error: unknown): unknown {
    this.#failed = true;
    this.#failure = error;
    return error;
  }
}
