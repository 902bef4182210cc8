import { crc32, createInflateRaw, inflateRawSync, type InflateRaw } from 'node:zlib';
import { decoded } from './decoded.js';
import { pathFieldOf, type EntryRecord } from './entry-record.js';
import { decodeUtf8 } from './names.js';
import {
  decodeLocalHeader,
  DESCRIPTOR,
  Flag,
  LOCAL_HEADER,
  LOCAL_HEADER_BYTES,
  localHeaderBytes,
  Method,
} from './records.js';
import { ZipError, type ZipErrorCode } from './zip-error.js';

/** Output chunk size of zlib. The default of 16 KiB reduces the speed by a third. */
export const INFLATE_PIECE_BYTES = 256 * 1024;

/** Up to these sizes, an entry is inflated with one call, which costs less than creating a stream. */
export const SMALL_COMPRESSED_BYTES = 256 * 1024;
export const SMALL_BYTES = 1024 * 1024;

/**
 * A local header can have up to 64 KiB of extra fields that the directory does not show; the longest descriptor has 24
 * bytes.
 */
const MAX_SLACK_BYTES = 0xffff + 24;

export function isSmall(record: EntryRecord): boolean {
  return record.compressedSize <= SMALL_COMPRESSED_BYTES && record.size <= SMALL_BYTES;
}

const NOTHING = Buffer.alloc(0);

/** The upper bound of the bytes of the entry. */
export function spanEnd(record: EntryRecord): number {
  return Math.min(
    record.limit,
    record.offset + LOCAL_HEADER_BYTES + record.nameBytes.length + record.compressedSize + MAX_SLACK_BYTES,
  );
}

export function entryError(
  code: ZipErrorCode,
  message: string,
  record: EntryRecord,
  archive: string,
  cause?: unknown,
): ZipError {
  return new ZipError(code, message, {
    archive,
    entry: record.name,
    offset: record.offset,
    ...(cause !== undefined && { cause }),
  });
}

/** Extracts the compressed data of an entry from its whole span, and verifies its local header and descriptor. */
export function dataInSpan(span: Buffer, record: EntryRecord, archive: string): Buffer {
  const start = checkLocalHeader(span, record, archive);
  const end = start + record.compressedSize;
  checkDescriptor(span.subarray(end), record, archive);
  return span.subarray(start, end);
}

/** The same for a streamed span. */
export async function* dataInPieces(
  span: AsyncIterable<Buffer>,
  record: EntryRecord,
  archive: string,
): AsyncGenerator<Buffer, void, void> {
  let head: Buffer | undefined = NOTHING;
  let left = record.compressedSize;
  let rest: Buffer | undefined;
  for await (const piece of span) {
    let bytes = piece;
    if (head !== undefined) {
      bytes = head.length === 0 ? piece : Buffer.concat([head, piece]);
      if (bytes.length < LOCAL_HEADER_BYTES || bytes.length < localHeaderBytes(bytes, 0)) {
        head = Buffer.from(bytes); // a copy: the memory of the piece may be reused
        continue;
      }
      bytes = bytes.subarray(checkLocalHeader(bytes, record, archive));
      head = undefined;
    }
    if (left > 0) {
      const data = bytes.subarray(0, left);
      left -= data.length;
      bytes = bytes.subarray(data.length);
      yield data;
    }
    if (left > 0) {
      continue;
    }
    if ((record.flags & Flag.descriptor) === 0) {
      return;
    }
    rest = Buffer.concat([rest ?? NOTHING, bytes]);
    if (rest.length >= 24) {
      break;
    }
  }
  if (head !== undefined) {
    checkLocalHeader(head, record, archive);
  }
  if (left > 0) {
    throw entryError('ERR_ZIP_TRUNCATED', `${left} bytes of its data are missing`, record, archive);
  }
  checkDescriptor(rest ?? NOTHING, record, archive);
}

/** Compares the local header with the directory. @returns the length of the header */
export function checkLocalHeader(span: Buffer, record: EntryRecord, archive: string): number {
  if (span.length < LOCAL_HEADER_BYTES || span.readUInt32LE(0) !== LOCAL_HEADER) {
    throw entryError('ERR_ZIP_BAD_RECORD', 'there is no local header at the offset in the directory', record, archive);
  }
  const headerBytes = localHeaderBytes(span, 0);
  if (headerBytes > span.length || headerBytes + record.compressedSize > record.limit - record.offset) {
    throw entryError('ERR_ZIP_OVERLAP', 'with its local header, the entry overlaps what follows it', record, archive);
  }
  if (isPlainCopy(span, record)) {
    return headerBytes;
  }
  const local = decoded(() => decodeLocalHeader(span, 0), { archive, entry: record.name, offset: record.offset });
  const streamed = (record.flags & Flag.descriptor) !== 0;
  const same = (mine: number, other: number): boolean => mine === other || (streamed && mine === 0);
  const differs =
    ((local.flags ^ record.flags) & COMPARED_FLAGS) !== 0
      ? 'flags'
      : local.method !== record.method
        ? 'method'
        : !local.nameBytes.equals(record.nameBytes) || !sameOtherName(pathFieldOf(local), record)
          ? 'name'
          : !same(local.crc32, record.crc32)
            ? 'checksum'
            : !same(local.compressedSize, record.compressedSize) || !same(local.size, record.size)
              ? 'size'
              : undefined;
  if (differs === undefined) {
    return local.recordBytes;
  }
  throw entryError('ERR_ZIP_MISMATCH', `its local header and the directory differ in the ${differs}`, record, archive);
}

/** Whether a Unicode path field of the local header has the same name as the directory. */
function sameOtherName(local: Buffer | undefined, { pathField, name }: EntryRecord): boolean {
  if (local === undefined) {
    return true;
  }
  return pathField === undefined ? decodeUtf8(local) === name : pathField.equals(local);
}

/**
 * True for the most common header: no extra fields, and all values as in the directory. Most entries need no decoding.
 */
function isPlainCopy(
  span: Buffer,
  { nameBytes, flags, method, crc32: crc, compressedSize, size }: EntryRecord,
): boolean {
  return (
    span.readUInt16LE(28) === 0 &&
    span.readUInt16LE(6) === flags &&
    span.readUInt16LE(8) === method &&
    span.readUInt32LE(14) === crc &&
    span.readUInt32LE(18) === compressedSize &&
    span.readUInt32LE(22) === size &&
    span.readUInt16LE(26) === nameBytes.length &&
    span.compare(nameBytes, 0, nameBytes.length, 30, 30 + nameBytes.length) === 0
  );
}

export const COMPARED_FLAGS = Flag.encrypted | Flag.descriptor | Flag.strongEncryption | Flag.utf8 | Flag.maskedHeader;

/**
 * Verifies the record after the data of an entry whose sizes were unknown at its start: with or without signature, 32
 * or 64 bits, 4.3.9.
 */
function checkDescriptor(after: Buffer, record: EntryRecord, archive: string): void {
  if ((record.flags & Flag.descriptor) === 0) {
    return;
  }
  const at = after.length >= 16 && after.readUInt32LE(0) === DESCRIPTOR ? [4, 0] : [0];
  if (!at.some((start) => descriptorFits(after, start, record))) {
    throw entryError('ERR_ZIP_MISMATCH', 'its data descriptor and the directory differ', record, archive);
  }
}

function descriptorFits(bytes: Buffer, at: number, { crc32: crc, compressedSize, size }: EntryRecord): boolean {
  const uint64 = (from: number): number => bytes.readUInt32LE(from) + bytes.readUInt32LE(from + 4) * 0x1_0000_0000;
  if (bytes.length < at + 12 || bytes.readUInt32LE(at) !== crc) {
    return false;
  }
  if (bytes.readUInt32LE(at + 4) === compressedSize && bytes.readUInt32LE(at + 8) === size) {
    return true;
  }
  return bytes.length >= at + 20 && uint64(at + 4) === compressedSize && uint64(at + 12) === size;
}

/** Decompresses stored or deflated data of a small entry with one call. The caller verifies the output. */
export function decompressSmall(data: Buffer, record: EntryRecord, archive: string): Buffer {
  // A copy: a small retained content must not retain the megabyte that was read with it.
  if (record.method === Method.stored) {
    return Buffer.from(data);
  }
  try {
    // One byte more than declared detects excess output.
    const options = { info: true, maxOutputLength: record.size + 1, chunkSize: Math.max(64, record.size + 1) };
    const { buffer, engine } = inflateRawSync(data, options) as unknown as {
      readonly buffer: Buffer;
      readonly engine: InflateRaw;
    };
    if (engine.bytesWritten !== data.length) {
      throw entryError('ERR_ZIP_BAD_DATA', 'bytes follow the end of the compressed data', record, archive);
    }
    return buffer;
  } catch (error) {
    throw decompressionError(error, record, archive);
  }
}

/**
 * Feeds an engine one piece at a time, each after the previous one was consumed, so that memory of pieces can be
 * reused. Ends with deflate.
 */
async function feed(data: AsyncIterable<Buffer>, engine: InflateRaw): Promise<void> {
  let fed = 0;
  for await (const piece of data) {
    await taken(engine, piece);
    fed += piece.length;
    // zlib consumes less than its input only after the end of deflate.
    if (engine.destroyed || engine.bytesWritten < fed) {
      break;
    }
  }
  engine.end();
}

/**
 * Resolves when zlib has consumed the piece, or accepts no more input. For a piece that extends beyond the end of
 * deflate, not every version of Node.js calls back.
 */
export function taken(engine: InflateRaw, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    engine.once('close', resolve).once('end', resolve);
    engine.write(piece, () => {
      engine.off('close', resolve).off('end', resolve);
      resolve();
    });
  });
}

/** Inflates large data as a stream; zlib runs on the thread pool, so two streams use two cores. */
export async function* inflate(
  data: AsyncIterable<Buffer>,
  record: EntryRecord,
  archive: string,
): AsyncGenerator<Buffer, void, void> {
  const engine = createInflateRaw({ chunkSize: INFLATE_PIECE_BYTES });
  const fed = feed(data, engine).catch((error: unknown) => void engine.destroy(error as Error));
  try {
    for await (const piece of engine) {
      yield piece as Buffer;
    }
    if (engine.bytesWritten !== record.compressedSize) {
      throw entryError('ERR_ZIP_BAD_DATA', 'bytes follow the end of the compressed data', record, archive);
    }
  } catch (error) {
    throw decompressionError(error, record, archive);
  } finally {
    engine.destroy();
    await fed;
  }
}

export function decompressionError(error: unknown, record: EntryRecord, archive: string): unknown {
  const code = (error as { code?: string }).code;
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return entryError(
      'ERR_ZIP_SIZE',
      `the output is larger than its declared ${record.size} bytes`,
      record,
      archive,
      error,
    );
  }
  return code?.startsWith('Z_') === true
    ? entryError(
        'ERR_ZIP_BAD_DATA',
        `the compressed data is damaged: ${(error as Error).message}`,
        record,
        archive,
        error,
      )
    : error;
}

/** Verifies size and checksum of a whole content. */
export function verify(content: Buffer, record: EntryRecord, archive: string): void {
  if (content.length !== record.size) {
    throw entryError(
      'ERR_ZIP_SIZE',
      `the output has ${content.length} bytes instead of ${record.size}`,
      record,
      archive,
    );
  }
  if (crc32(content) !== record.crc32) {
    throw entryError('ERR_ZIP_CRC', 'the content does not match its checksum', record, archive);
  }
}

/** Yields the pieces and verifies size and checksum; fails as soon as the size is exceeded. */
export async function* verified(
  pieces: AsyncIterable<Buffer>,
  record: EntryRecord,
  archive: string,
  hasCrc = true,
): AsyncGenerator<Buffer, void, void> {
  let size = 0;
  let crc = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > record.size) {
      throw entryError('ERR_ZIP_SIZE', `the output is larger than its declared ${record.size} bytes`, record, archive);
    }
    crc = crc32(piece, crc);
    yield piece;
  }
  if (size !== record.size) {
    throw entryError('ERR_ZIP_SIZE', `the output has ${size} bytes instead of ${record.size}`, record, archive);
  }
  if (hasCrc && crc !== record.crc32) {
    throw entryError('ERR_ZIP_CRC', 'the content does not match its checksum', record, archive);
  }
}
