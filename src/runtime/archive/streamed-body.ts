import { constants, crc32, createInflateRaw, inflateRawSync, type InflateRaw } from 'node:zlib';
import type { ByteReader } from './byte-reader.js';
import { decompressionError, entryError, INFLATE_PIECE_BYTES, SMALL_BYTES, taken } from './entry-data.js';
import type { EntryRecord } from './entry-record.js';
import { RATIO_GRACE_BYTES, type ArchiveLimits, type OutputBudget } from './limits.js';
import { DESCRIPTOR, DIRECTORY_HEADER, Flag, LOCAL_HEADER, Method, ZIP64_END, END } from './records.js';
import { sourceEnded } from './sources/source.js';
import { ZipError } from './zip-error.js';

/** Maximum window for reading a small entry as a whole. */
const WINDOW_BYTES = 64 * 1024;
/** Minimum window: a window across the border of two pieces of the body is copied, so it should be small. */
const LEAST_WINDOW_BYTES = 8 * 1024;

/** Actual sizes and checksum of an entry, to be compared with its descriptor and the directory. */
export interface Counted {
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
}

export interface StreamRules {
  /**
   * Expected content size and window of the next entry of unknown size, from the previous one, because entries of an
   * archive tend to be similar.
   */
  readonly guess: { contentBytes: number; windowBytes: number };
  readonly limits: Required<ArchiveLimits>;
  readonly budget: OutputBudget;
}

/** Whether the local header contains the length of the data. */
export function hasLength(record: EntryRecord): boolean {
  return (record.flags & Flag.descriptor) === 0;
}

/**
 * Reads the data of one entry and its descriptor, and leaves the reader at the next record. It must be read to its end.
 *
 * The end of data of unknown length is determined by deflate, not by a search, so that data that looks like a record is
 * treated as data.
 */
export async function* streamedBody(
  reader: ByteReader,
  record: EntryRecord,
  rules: StreamRules,
): AsyncGenerator<Buffer, Counted, void> {
  const small = await smallBody(reader, record, rules);
  if (small !== undefined) {
    if (small.content.length > 0) {
      yield small.content;
    }
    return small.counted;
  }
  const start = reader.offset;
  let size = 0;
  let crc = 0;
  for await (const piece of record.method === Method.stored ? storedData(reader, record) : largeData(reader, record)) {
    size += piece.length;
    crc = crc32(piece, crc);
    count(piece.length, size, reader.offset - start, record, reader.label, rules);
    yield piece;
  }
  const counted: Counted = { crc32: crc, compressedSize: reader.offset - start, size };
  await reader.gather(DESCRIPTOR_WINDOW_BYTES);
  finish(reader, counted, record);
  return counted;
}

/** A small entry as a whole. */
export interface SmallBody {
  readonly content: Buffer;
  readonly counted: Counted;
}

/**
 * Reads an entry that is in the window as a whole with one call; otherwise returns undefined and consumes nothing. It
 * returns no promise if there is nothing to wait for: for most entries, a promise would cost more than everything else
 * here except inflating.
 */
export function smallBody(
  reader: ByteReader,
  record: EntryRecord,
  rules: StreamRules,
): Promise<SmallBody | undefined> | SmallBody | undefined {
  const known = knownBytes(record);
  if (record.method !== Method.deflate || (known !== Infinity && (known > WINDOW_BYTES || record.size > SMALL_BYTES))) {
    return undefined;
  }
  const wanted = known === Infinity ? rules.guess.windowBytes : known;
  if (!reader.gathered(wanted + DESCRIPTOR_WINDOW_BYTES)) {
    return awaitedSmallBody(wanted, reader, record, rules);
  }
  const start = reader.offset;
  // Not up to the end of the buffer: the descriptor must be in it too.
  const content = inflateWindow(
    Math.min(known, reader.bytes.length - reader.at - DESCRIPTOR_WINDOW_BYTES),
    reader,
    record,
    rules,
  );
  return content === undefined
    ? awaitedSmallBody(wanted, reader, record, rules)
    : finishSmall(content, start, reader, record, rules);
}

async function awaitedSmallBody(
  wanted: number,
  reader: ByteReader,
  record: EntryRecord,
  rules: StreamRules,
): Promise<SmallBody | undefined> {
  const known = knownBytes(record);
  const start = reader.offset;
  await reader.gather(wanted);
  let content = inflateWindow(known, reader, record, rules);
  if (content === undefined && known === Infinity && !reader.gathered(WINDOW_BYTES)) {
    await reader.gather(WINDOW_BYTES);
    content = inflateWindow(known, reader, record, rules);
  }
  if (content === undefined) {
    rules.guess.windowBytes = WINDOW_BYTES;
    return undefined;
  }
  await reader.gather(DESCRIPTOR_WINDOW_BYTES);
  return finishSmall(content, start, reader, record, rules);
}

function finishSmall(
  content: Buffer,
  start: number,
  reader: ByteReader,
  record: EntryRecord,
  rules: StreamRules,
): SmallBody {
  const counted: Counted = { crc32: crc32(content), compressedSize: reader.offset - start, size: content.length };
  rules.guess.windowBytes = Math.min(WINDOW_BYTES, Math.max(LEAST_WINDOW_BYTES, 4 * counted.compressedSize));
  count(counted.size, counted.size, counted.compressedSize, record, reader.label, rules);
  finish(reader, counted, record);
  return { content, counted };
}

/** Compressed bytes, if the local header contains them. */
function knownBytes(record: EntryRecord): number {
  return hasLength(record) ? record.compressedSize : Infinity;
}

function count(
  pieceBytes: number,
  size: number,
  taken: number,
  record: EntryRecord,
  archive: string,
  rules: StreamRules,
): void {
  checkGrowth(size, taken, record, archive, rules);
  if (rules.budget.spend(pieceBytes)) {
    return;
  }
  throw entryError(
    'ERR_ZIP_TOTAL_TOO_LARGE',
    `more than \`limits.maxTotalBytes\` (${rules.budget.maxBytes}) were read from this archive`,
    record,
    archive,
  );
}

/** Verifies the output; the bytes of a descriptor must be gathered. */
function finish(reader: ByteReader, counted: Counted, record: EntryRecord): void {
  if (hasLength(record)) {
    checkCounted(counted, record, reader.label);
  } else {
    stepOverDescriptor(reader, counted, record);
  }
}

function checkGrowth(size: number, taken: number, record: EntryRecord, archive: string, { limits }: StreamRules): void {
  if (hasLength(record) && size > record.size) {
    throw entryError('ERR_ZIP_SIZE', `the output is larger than its declared ${record.size} bytes`, record, archive);
  }
  if (size > limits.maxEntryBytes) {
    throw entryError('ERR_ZIP_ENTRY_TOO_LARGE', 'the entry is larger than `limits.maxEntryBytes`', record, archive);
  }
  if (size > RATIO_GRACE_BYTES && size > taken * limits.maxRatio) {
    throw entryError(
      'ERR_ZIP_RATIO',
      'the entry grows more than `limits.maxRatio` allows, as a decompression bomb does',
      record,
      archive,
    );
  }
}

function checkCounted(counted: Counted, record: EntryRecord, archive: string): void {
  if (counted.size !== record.size) {
    throw entryError('ERR_ZIP_SIZE', `the output has ${counted.size} bytes instead of ${record.size}`, record, archive);
  }
  if (counted.compressedSize !== record.compressedSize) {
    throw entryError('ERR_ZIP_BAD_DATA', 'bytes follow the end of the compressed data', record, archive);
  }
  if (counted.crc32 !== record.crc32) {
    throw entryError('ERR_ZIP_CRC', 'the content does not match its checksum', record, archive);
  }
}

async function* storedData(reader: ByteReader, record: EntryRecord): AsyncGenerator<Buffer, void, void> {
  if (!hasLength(record)) {
    // Only empty content is known to end here.
    await reader.gather(DESCRIPTOR_WINDOW_BYTES);
    if (descriptorLength(reader, { crc32: 0, compressedSize: 0, size: 0 }) !== undefined) {
      return;
    }
    const message = 'the end of stored data of unknown length cannot be distinguished from content; use openZip';
    throw entryError('ERR_ZIP_NOT_STREAMABLE', message, record, reader.label);
  }
  for (let left = record.compressedSize; left > 0;) {
    const piece = await reader.some(left);
    if (piece.length === 0) {
      await reader.take(1);
    } // throws: the body ended
    left -= piece.length;
    yield piece;
  }
}

/** Inflates data in a window of the given bytes and consumes it; undefined if the data extends beyond the window. */
function inflateWindow(
  bytes: number,
  reader: ByteReader,
  record: EntryRecord,
  { guess }: StreamRules,
): Buffer | undefined {
  try {
    const chunkSize = hasLength(record) ? Math.max(64, record.size + 1) : guess.contentBytes;
    const input = reader.bytes.subarray(reader.at, reader.at + bytes);
    const made = inflateRawSync(input, { info: true, maxOutputLength: SMALL_BYTES, chunkSize }) as unknown as {
      buffer: Buffer;
      engine: InflateRaw;
    };
    reader.advance(made.engine.bytesWritten);
    guess.contentBytes = Math.min(64 * 1024, Math.max(1024, made.buffer.length + (made.buffer.length >> 3)));
    return made.buffer;
  } catch (error) {
    const { code, errno } = error as { code?: string; errno?: number };
    if (errno === constants.Z_BUF_ERROR || code === 'ERR_BUFFER_TOO_LARGE') {
      return undefined;
    }
    throw decompressionError(error, record, reader.label);
  }
}

async function* largeData(reader: ByteReader, record: EntryRecord): AsyncGenerator<Buffer, void, void> {
  const known = knownBytes(record);
  const engine = createInflateRaw({ chunkSize: INFLATE_PIECE_BYTES });
  let last: Buffer = Buffer.alloc(0);
  let fed = 0;
  let over = false;
  let whole = false;
  const feed = async (): Promise<void> => {
    // zlib consumes less than its input only after the end of deflate.
    while (!over && engine.bytesWritten === fed && fed < known) {
      last = await reader.some(Math.min(known - fed, INFLATE_PIECE_BYTES));
      if (last.length === 0) {
        throw new ZipError('ERR_ZIP_TRUNCATED', 'the archive ends in the data of an entry', {
          archive: reader.label,
          entry: record.name,
          offset: reader.offset,
        });
      }
      fed += last.length;
      // One piece at a time, so that bytes after the end of deflate are all in the last one.
      await taken(engine, last);
    }
    engine.end();
  };
  const feeding = feed().catch((error: unknown) => void engine.destroy(error as Error));
  try {
    for await (const piece of engine) {
      yield piece as Buffer;
    }
    whole = true;
  } catch (error) {
    throw decompressionError(error, record, reader.label);
  } finally {
    over = true;
    engine.destroy();
    // There are no further reads after a failure, and a hanging body must not delay it.
    if (whole) {
      await feeding;
      reader.unread(last.subarray(last.length - (fed - engine.bytesWritten)));
    }
  }
}

function stepOverDescriptor(reader: ByteReader, counted: Counted, record: EntryRecord): void {
  const length = descriptorLength(reader, counted);
  if (length !== undefined) {
    reader.advance(length);
  } else if (reader.bytes.length - reader.at < 12) {
    throw sourceEnded(reader.label, reader.offset);
  } else {
    throw descriptorError(reader, counted, record);
  }
}

/** The longest descriptor and the signature after it. */
const DESCRIPTOR_WINDOW_BYTES = 28;

/**
 * Length of the descriptor that matches the counted values and is followed by a record: with or without signature, 64
 * or 32 bits, 4.3.9.
 */
function descriptorLength({ bytes, at: start }: ByteReader, counted: Counted): number | undefined {
  const there = bytes.length - start;
  const uint64 = (at: number): number =>
    bytes.readUInt32LE(start + at) + bytes.readUInt32LE(start + at + 4) * 0x1_0000_0000;
  const uint32 = (at: number): number => bytes.readUInt32LE(start + at);
  // Also true if the body ends there, which later reads detect.
  const isRecord = (at: number): boolean => there < at + 4 || RECORDS.has(uint32(at));
  for (let at = there >= 4 && uint32(0) === DESCRIPTOR ? 4 : 0; at >= 0; at -= 4) {
    if (there < at + 12 || uint32(at) !== counted.crc32) {
      continue;
    }
    if (uint32(at + 4) === counted.compressedSize && uint32(at + 8) === counted.size && isRecord(at + 12)) {
      return at + 12;
    }
    if (
      there >= at + 20 &&
      uint64(at + 4) === counted.compressedSize &&
      uint64(at + 12) === counted.size &&
      isRecord(at + 20)
    ) {
      return at + 20;
    }
  }
  return undefined;
}

/** Signatures of records that may follow an entry. */
const RECORDS: ReadonlySet<number> = new Set([LOCAL_HEADER, DIRECTORY_HEADER, ZIP64_END, END]);

/** Distinguishes a wrong checksum from a wrong size if the descriptor can be recognized. */
function descriptorError({ bytes, at, label }: ByteReader, counted: Counted, record: EntryRecord): ZipError {
  const signed = bytes.length - at >= 16 && bytes.readUInt32LE(at) === DESCRIPTOR;
  if (signed && bytes.readUInt32LE(at + 4) !== counted.crc32) {
    return entryError('ERR_ZIP_CRC', 'the content does not match the checksum of its descriptor', record, label);
  }
  return entryError(
    signed ? 'ERR_ZIP_SIZE' : 'ERR_ZIP_MISMATCH',
    'the data is not followed by its descriptor',
    record,
    label,
  );
}
