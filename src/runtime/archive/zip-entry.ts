import type { Readable } from 'node:stream';
import type { ArchiveEntry, ReadOptions } from './archive-entry.js';
import {
  dataInPieces,
  dataInSpan,
  decompressSmall,
  entryError,
  inflate,
  isSmall,
  spanEnd,
  verified,
  verify,
} from './entry-data.js';
import { refusalOf, type EntryKind, type EntryRecord } from './entry-record.js';
import { EntryStream } from './entry-stream.js';
import { detachAfterUse } from './detach-after-use.js';
import type { ArchiveLimits, OutputBudget } from './limits.js';
import { decompressedBy, hasChecksum, needsZipJs, readByZipJs, type Decompressor } from './optional-codecs.js';
import { decodeDosTime, Flag, Method } from './records.js';
import type { ArchiveSource } from './sources/source.js';
import type { ZipError } from './zip-error.js';

/** What the entries of one archive share. */
export interface EntryContext {
  readonly source: ArchiveSource;
  readonly limits: Required<ArchiveLimits>;
  readonly budget: OutputBudget;
  /** Aborts when the archive is closed, or when the signal passed to `openZip` aborts. */
  readonly signal: AbortSignal;
  readonly password: string | undefined;
  readonly decompressors: ReadonlyMap<number, Decompressor>;
  /** Nesting depth of the archive. */
  readonly nesting: number;
}

/** Bytes of the source that were read ahead. */
export interface ReadAhead {
  readonly start: number;
  readonly bytes: Buffer;
}

/** One entry of a ZIP that is read by ranges. */
export class ZipEntry implements ArchiveEntry {
  readonly #context: EntryContext;
  readonly #record: EntryRecord;
  readonly #ahead: ReadAhead | undefined;

  /** @internal Entries come from `ZipArchive`. */
  constructor(context: EntryContext, record: EntryRecord, ahead?: ReadAhead) {
    this.#context = context;
    this.#record = record;
    this.#ahead = ahead;
  }

  get name(): string {
    return this.#record.name;
  }

  get kind(): EntryKind {
    return this.#record.kind;
  }

  get size(): number {
    return this.#record.size;
  }

  /** Bytes that the content takes in the archive. */
  get compressedSize(): number {
    return this.#record.compressedSize;
  }

  /** Undefined for entries encrypted with WinZip AE-2, which has an authentication code instead. */
  get crc32(): number | undefined {
    return hasChecksum(this.#record) ? this.#record.crc32 : undefined;
  }

  get modified(): Date | undefined {
    return decodeDosTime(this.#record.dosDate, this.#record.dosTime);
  }

  /** Number of the compression method: 0 stored, 8 deflate. */
  get method(): number {
    return this.#record.method;
  }

  get encrypted(): boolean {
    return (this.#record.flags & Flag.encrypted) !== 0;
  }

  get refusal(): ZipError | undefined {
    return refusalOf(this.#record, this.#context.source.label) ?? this.#missingCapability();
  }

  async buffer(options: ReadOptions = {}): Promise<Buffer> {
    const { limits, source } = this.#context;
    const record = this.#record;
    if (record.size > limits.maxBufferBytes) {
      const message = `${record.size} bytes are more than \`limits.maxBufferBytes\` (${limits.maxBufferBytes}); use stream()`;
      throw entryError('ERR_ZIP_ENTRY_TOO_LARGE', message, record, source.label);
    }
    if (isInflatable(record) && isSmall(record)) {
      return this.#small(options.signal);
    }
    const pieces: Buffer[] = [];
    for await (const piece of this.stream(options)) {
      pieces.push(piece as Buffer);
    }
    return Buffer.concat(pieces);
  }

  stream(options: ReadOptions = {}): Readable {
    return new EntryStream((signal) => this.#pieces(signal), this.#signal(options));
  }

  pieces(options: ReadOptions = {}): AsyncIterable<Buffer> {
    return this.#pieces(this.#signal(options), true);
  }

  /** @internal For `openZip(entry)`. */
  get context(): EntryContext {
    return this.#context;
  }

  /** @internal For planning reads. */
  get record(): EntryRecord {
    return this.#record;
  }

  async *#pieces(signal: AbortSignal, transient = false): AsyncGenerator<Buffer, void, void> {
    if (isInflatable(this.#record) && isSmall(this.#record)) {
      const content = await this.#small(signal);
      if (content.length > 0) {
        yield content;
      }
      return;
    }
    this.#mustBeReadable();
    const record = this.#record;
    const { source, budget } = this.#context;
    const left = new AbortController();
    const content = abortingWhenLeft(this.#decompressed(AbortSignal.any([signal, left.signal]), transient), left);
    for await (const piece of verified(content, record, source.label, hasChecksum(record))) {
      if (!budget.spend(piece.length)) {
        throw this.#overBudget();
      }
      yield piece;
    }
  }

  #signal({ signal }: ReadOptions): AbortSignal {
    return signal === undefined ? this.#context.signal : AbortSignal.any([signal, this.#context.signal]);
  }

  #decompressed(signal: AbortSignal, transient: boolean): AsyncIterable<Buffer> {
    const record = this.#record;
    const { source, decompressors, password } = this.#context;
    if (needsZipJs(record) && decompressors.get(record.method) === undefined) {
      return readByZipJs(source, record, password, signal);
    }
    const other = decompressors.get(record.method);
    // Inflating does not keep pieces; a decompressor of the caller may.
    const data = dataInPieces(
      this.#span(signal, other === undefined && (transient || record.method === Method.deflate)),
      record,
      source.label,
    );
    if (record.method === Method.stored) {
      return data;
    }
    if (other !== undefined) {
      return decompressedBy(other, data, record, source.label);
    }
    const content = inflate(data, record, source.label);
    return transient ? detachAfterUse(content) : content;
  }

  #span(signal: AbortSignal, transient: boolean): AsyncIterable<Buffer> {
    const { source } = this.#context;
    if (this.#ahead !== undefined) {
      return once(this.#inAhead(this.#ahead));
    }
    const { offset } = this.#record;
    const end = spanEnd(this.#record);
    return transient && source.streamTransient !== undefined
      ? source.streamTransient(offset, end, signal)
      : source.stream(offset, end, signal);
  }

  async #small(signal: AbortSignal | undefined): Promise<Buffer> {
    this.#mustBeReadable();
    const record = this.#record;
    const { source, budget } = this.#context;
    this.#context.signal.throwIfAborted();
    signal?.throwIfAborted();
    const span =
      this.#ahead === undefined
        ? await source.read(record.offset, spanEnd(record), signal ?? this.#context.signal)
        : this.#inAhead(this.#ahead);
    const content = decompressSmall(dataInSpan(span, record, source.label), record, source.label);
    verify(content, record, source.label);
    if (!budget.spend(content.length)) {
      throw this.#overBudget();
    }
    return content;
  }

  #inAhead(ahead: ReadAhead): Buffer {
    return ahead.bytes.subarray(this.#record.offset - ahead.start, spanEnd(this.#record) - ahead.start);
  }

  #mustBeReadable(): void {
    const refusal = this.refusal;
    if (refusal !== undefined) {
      throw refusal;
    }
  }

  /** The refusal of an entry that needs a password or a decompressor. */
  #missingCapability(): ZipError | undefined {
    const { source, password, decompressors } = this.#context;
    if (this.encrypted && this.method !== Method.aes) {
      const message =
        'the entry is encrypted with ZipCrypto, which can be broken with a few known bytes of the content and is not supported, with a password either: ' +
        'create the archive with WinZip AES, or decrypt it with another tool';
      return entryError('ERR_ZIP_ENCRYPTED', message, this.#record, source.label);
    }
    if (this.method === Method.aes && password === undefined) {
      return entryError(
        'ERR_ZIP_ENCRYPTED',
        'the entry is encrypted with WinZip AES; pass the `password` to openZip',
        this.#record,
        source.label,
      );
    }
    if (!isInflatable(this.#record) && !needsZipJs(this.#record) && !decompressors.has(this.method)) {
      return entryError(
        'ERR_ZIP_UNSUPPORTED_METHOD',
        `compression method ${this.method} is not supported; pass a decompressor for it to openZip`,
        this.#record,
        source.label,
      );
    }
    return undefined;
  }

  #overBudget(): ZipError {
    const message = `more than \`limits.maxTotalBytes\` (${this.#context.budget.maxBytes}) were read from this archive`;
    return entryError('ERR_ZIP_TOTAL_TOO_LARGE', message, this.#record, this.#context.source.label);
  }
}

/** Whether the entry is read with zlib, in one call if it is small. */
function isInflatable(record: EntryRecord): boolean {
  return record.method === Method.stored || record.method === Method.deflate;
}

/** Aborts the read if the loop over its pieces ends early, so that a hanging source does not delay it. */
async function* abortingWhenLeft(
  pieces: AsyncIterable<Buffer>,
  left: AbortController,
): AsyncGenerator<Buffer, void, void> {
  for await (const piece of pieces) {
    let wanted = false;
    try {
      yield piece;
      wanted = true;
    } finally {
      if (!wanted) {
        left.abort();
      }
    }
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the shape of a source that is read
async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, void> {
  yield bytes;
}
