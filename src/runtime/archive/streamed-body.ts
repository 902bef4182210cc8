import { constants, crc32, createInflateRaw, inflateRawSync, type InflateRaw } from 'node:zlib';
import type { ByteReader } from './byte-reader.js';
import { decompressionError, entryError, INFLATE_PIECE_BYTES, SMALL_BYTES } from './entry-data.js';
import type { EntryRecord } from './entry-record.js';
import { RATIO_GRACE_BYTES, type ArchiveLimits, type OutputBudget } from './limits.js';
import { DESCRIPTOR, DIRECTORY_HEADER, Flag, LOCAL_HEADER, Method, ZIP64_END, END } from './records.js';
import { ZipError } from './zip-error.js';

/** What is looked at in one go to find out whether a whole small entry is in it. */
const WINDOW_BYTES = 64 * 1024;

/** What an entry turned out to be, to be compared with its descriptor and with the directory. */
export interface Counted {
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
}

export interface StreamRules {
  readonly limits: Required<ArchiveLimits>;
  readonly budget: OutputBudget;
}

/** True when the length of the data stands in the local header. */
export function hasLength(record: EntryRecord): boolean {
  return (record.flags & Flag.descriptor) === 0;
}

/**
 * Reads the data of one entry and what follows it, and leaves the reader at the next record. It must be read to its end.
 *
 * Where data of unknown length ends, deflate itself says: nothing is searched for, so data that looks like a record is only data.
 */
export async function* streamedBody(reader: ByteReader, record: EntryRecord, rules: StreamRules): AsyncGenerator<Buffer, Counted, void> {
  const start = reader.offset;
  let size = 0;
  let crc = 0;
  for await (const piece of record.method === Method.stored ? storedData(reader, record) : inflatedData(reader, record)) {
    size += piece.length;
    crc = crc32(piece, crc);
    checkGrowth(size, reader.offset - start, record, reader.label, rules);
    if (!rules.budget.spend(piece.length)) {
      throw entryError('ERR_ZIP_TOTAL_TOO_LARGE', `more than \`limits.maxTotalBytes\` (${rules.budget.maxBytes}) came out of this archive`, record, reader.label);
    }
    yield piece;
  }
  const counted: Counted = { crc32: crc, compressedSize: reader.offset - start, size };
  if (hasLength(record)) checkCounted(counted, record, reader.label);
  else await readDescriptor(reader, counted, record);
  return counted;
}

function checkGrowth(size: number, taken: number, record: EntryRecord, archive: string, { limits }: StreamRules): void {
  if (hasLength(record) && size > record.size) throw entryError('ERR_ZIP_SIZE', `more comes out than the ${record.size} bytes that it should have`, record, archive);
  if (size > limits.maxEntryBytes) throw entryError('ERR_ZIP_ENTRY_TOO_LARGE', 'the entry is larger than `limits.maxEntryBytes`', record, archive);
  if (size > RATIO_GRACE_BYTES && size > taken * limits.maxRatio) {
    throw entryError('ERR_ZIP_RATIO', 'the entry grows more than `limits.maxRatio` allows, as a decompression bomb does', record, archive);
  }
}

function checkCounted(counted: Counted, record: EntryRecord, archive: string): void {
  if (counted.size !== record.size) throw entryError('ERR_ZIP_SIZE', `${counted.size} bytes came out, it should have ${record.size}`, record, archive);
  if (counted.compressedSize !== record.compressedSize) throw entryError('ERR_ZIP_BAD_DATA', 'bytes stand after the end of the compressed data', record, archive);
  if (counted.crc32 !== record.crc32) throw entryError('ERR_ZIP_CRC', 'the content does not match its checksum', record, archive);
}

async function* storedData(reader: ByteReader, record: EntryRecord): AsyncGenerator<Buffer, void, void> {
  if (!hasLength(record)) {
    // Only an empty content is known to be at its end here.
    const next = await reader.peek(28);
    if (descriptorLength(next, { crc32: 0, compressedSize: 0, size: 0 }) !== undefined) return;
    const message = 'stored data of unknown length has no end that could be told from content; use openZip';
    throw entryError('ERR_ZIP_NOT_STREAMABLE', message, record, reader.label);
  }
  for (let left = record.compressedSize; left > 0;) {
    const piece = await reader.some(left);
    if (piece.length === 0) await reader.take(1); // throws: the body ended
    left -= piece.length;
    yield piece;
  }
}

async function* inflatedData(reader: ByteReader, record: EntryRecord): AsyncGenerator<Buffer, void, void> {
  const known = hasLength(record) ? record.compressedSize : Infinity;
  if (!hasLength(record) || (known <= WINDOW_BYTES && record.size <= SMALL_BYTES)) {
    const small = await smallData(reader, record, known);
    if (small !== undefined) {
      if (small.length > 0) yield small;
      return;
    }
  }
  yield* largeData(reader, record, known);
}

/** A whole entry by one call, when all of it is in the window; else undefined, and nothing was taken. */
async function smallData(reader: ByteReader, record: EntryRecord, known: number): Promise<Buffer | undefined> {
  const window = await reader.peek(Math.min(known, WINDOW_BYTES));
  const input = known === Infinity ? window : window.subarray(0, known);
  try {
    const chunkSize = known === Infinity ? 32 * 1024 : Math.max(64, record.size + 1);
    const made = inflateRawSync(input, { info: true, maxOutputLength: SMALL_BYTES, chunkSize }) as unknown as { buffer: Buffer; engine: InflateRaw };
    reader.advance(made.engine.bytesWritten);
    return made.buffer;
  } catch (error) {
    const { code, errno } = error as { code?: string; errno?: number };
    if (errno === constants.Z_BUF_ERROR || code === 'ERR_BUFFER_TOO_LARGE') return undefined; // goes on outside of the window
    throw decompressionError(error, record, reader.label);
  }
}

async function* largeData(reader: ByteReader, record: EntryRecord, known: number): AsyncGenerator<Buffer, void, void> {
  const engine = createInflateRaw({ chunkSize: INFLATE_PIECE_BYTES });
  let last: Buffer = Buffer.alloc(0);
  let fed = 0;
  let over = false;
  const feed = async (): Promise<void> => {
    // zlib takes less than it is given only when deflate has ended.
    while (!over && engine.bytesWritten === fed && fed < known) {
      last = await reader.some(Math.min(known - fed, INFLATE_PIECE_BYTES));
      if (last.length === 0) throw new ZipError('ERR_ZIP_TRUNCATED', 'the archive ends in the data of an entry', { archive: reader.label, entry: record.name, offset: reader.offset });
      fed += last.length;
      // One piece at a time: what deflate does not want is then all in the last one, for which not every Node calls back.
      await new Promise<void>((resolve) => {
        engine.once('close', resolve).once('end', resolve);
        engine.write(last, () => {
          engine.off('close', resolve).off('end', resolve);
          resolve();
        });
      });
    }
    engine.end();
  };
  const feeding = feed().catch((error: unknown) => void engine.destroy(error as Error));
  try {
    for await (const piece of engine) yield piece as Buffer;
  } catch (error) {
    throw decompressionError(error, record, reader.label);
  } finally {
    over = true;
    engine.destroy();
    await feeding;
    reader.giveBack(last.subarray(last.length - (fed - engine.bytesWritten)));
  }
}

async function readDescriptor(reader: ByteReader, counted: Counted, record: EntryRecord): Promise<void> {
  const next = await reader.peek(28);
  const length = descriptorLength(next, counted);
  if (length === undefined) {
    if (next.length < 12) await reader.take(12); // throws: the body ended
    throw descriptorError(next, counted, record, reader.label);
  }
  reader.advance(length);
}

/** Length of the descriptor that says what was counted and has a record after it: with or without signature, 64 or 32 bits, 4.3.9. */
function descriptorLength(next: Buffer, counted: Counted): number | undefined {
  const uint64 = (at: number): number => next.readUInt32LE(at) + next.readUInt32LE(at + 4) * 0x1_0000_0000;
  for (const at of next.length >= 4 && next.readUInt32LE(0) === DESCRIPTOR ? [4, 0] : [0]) {
    if (next.length < at + 12 || next.readUInt32LE(at) !== counted.crc32) continue;
    if (next.length >= at + 20 && uint64(at + 4) === counted.compressedSize && uint64(at + 12) === counted.size && isRecord(next, at + 20)) return at + 20;
    if (next.readUInt32LE(at + 4) === counted.compressedSize && next.readUInt32LE(at + 8) === counted.size && isRecord(next, at + 12)) return at + 12;
  }
  return undefined;
}

/** Also true when the body ends there: that is found out by what reads on. */
function isRecord(next: Buffer, at: number): boolean {
  return next.length < at + 4 || [LOCAL_HEADER, DIRECTORY_HEADER, ZIP64_END, END].includes(next.readUInt32LE(at));
}

/** Tells a wrong checksum and a wrong size apart where the descriptor can be recognized. */
function descriptorError(next: Buffer, counted: Counted, record: EntryRecord, archive: string): ZipError {
  const signed = next.readUInt32LE(0) === DESCRIPTOR && next.length >= 16;
  if (signed && next.readUInt32LE(4) !== counted.crc32) return entryError('ERR_ZIP_CRC', 'the content does not match the checksum of its descriptor', record, archive);
  return entryError(signed ? 'ERR_ZIP_SIZE' : 'ERR_ZIP_MISMATCH', 'what follows the data is no descriptor of it', record, archive);
}
