import * as zlib from 'node:zlib';
import { pipeline } from 'node:stream/promises';
import type { EntryRecord } from './entry-record.js';
import { checkLocalHeader, decompressionError, entryError, spanEnd } from './entry-data.js';
import { Flag, LOCAL_HEADER_BYTES, Method } from './records.js';
import type { ArchiveSource } from './sources/source.js';
import { ZipError } from './zip-error.js';

/**
 * Decompresses the data of one entry, for methods that Node.js does not support. The output is verified by size and
 * checksum afterwards. It MUST yield one piece at a time, and SHOULD stop when the loop over it ends.
 */
export type Decompressor = (
  data: AsyncIterable<Buffer>,
  entry: { readonly name: string; readonly size: number },
) => AsyncIterable<Uint8Array>;

/** Bytes of the extra field of WinZip AES: version, `AE`, strength, and the method below the encryption. */
const AES_FIELD_BYTES = 7;

/**
 * AE-2 omits the checksum, because it would reveal information about the content; its authentication code is stronger.
 */
export function hasChecksum(record: EntryRecord): boolean {
  return record.method !== Method.aes || record.aes?.readUInt16LE(0) !== 2;
}

/** Methods that need zip.js: WinZip AES and deflate64. */
export function needsZipJs(record: EntryRecord): boolean {
  return record.method === Method.aes || record.method === Method.deflate64;
}

/** zstd of Node.js, from 22.15 on. */
export const zstd: Decompressor | undefined =
  'createZstdDecompress' in zlib
    ? async function* (data) {
        const engine = zlib.createZstdDecompress();
        const fed = pipeline(data, engine);
        fed.catch(() => undefined); // arrives through the engine
        try {
          for await (const piece of engine) {
            yield piece as Buffer;
          }
          await fed;
        } finally {
          engine.destroy();
        }
      }
    : undefined;

/** Runs a decompressor; its errors are reported as damaged data, unless the archive could not be read. */
export async function* decompressedBy(
  decompressor: Decompressor,
  data: AsyncIterable<Buffer>,
  record: EntryRecord,
  archive: string,
): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const piece of decompressor(data, record)) {
      yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    }
  } catch (error) {
    if (error instanceof ZipError) {
      throw error;
    }
    throw entryError(
      'ERR_ZIP_BAD_DATA',
      `the compressed data is damaged: ${error instanceof Error ? error.message : String(error)}`,
      record,
      archive,
      error,
    );
  }
}

/**
 * Reads one entry with zip.js, which must be installed (`@zip.js/zip.js`, an optional peer).
 *
 * zip.js reads an archive with this entry alone: its local header and data from the source, and a directory created
 * from validated values.
 */
export async function* readByZipJs(
  source: ArchiveSource,
  record: EntryRecord,
  password: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  const encrypted = (record.flags & Flag.encrypted) !== 0;
  if (encrypted && (record.aes?.length ?? 0) < AES_FIELD_BYTES) {
    throw entryError('ERR_ZIP_BAD_RECORD', 'the AES field is missing or too short', record, source.label);
  }
  const zipJs = await loadZipJs(record, source.label);
  const dataEnd = spanEnd(record) - record.offset;
  const directory = singleDirectory(record, dataEnd);
  const headEnd = Math.min(
    record.offset + dataEnd,
    record.offset + LOCAL_HEADER_BYTES + record.nameBytes.length + 0xffff,
  );
  checkLocalHeader(await source.read(record.offset, headEnd, signal), record, source.label);
  class Span extends zipJs.Reader<undefined> {
    constructor() {
      super(undefined);
      this.size = dataEnd + directory.length;
    }

    override async readUint8Array(start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
      const end = Math.min(start + length, this.size);
      const span =
        start < dataEnd
          ? await source.read(record.offset + start, record.offset + Math.min(end, dataEnd), signal)
          : Buffer.alloc(0);
      return new Uint8Array(
        Buffer.concat([span, directory.subarray(Math.max(0, start - dataEnd), Math.max(0, end - dataEnd))]),
      );
    }
  }
  const reader = new zipJs.ZipReader(new Span());
  const output = new TransformStream<Uint8Array, Uint8Array>();
  try {
    const entry = (await reader.getEntries()).at(0);
    if (entry === undefined || entry.directory) {
      throw entryError('ERR_ZIP_BAD_RECORD', 'zip.js finds no entry', record, source.label);
    }
    const done = entry.getData(output.writable, {
      checkSignature: true,
      useWebWorkers: false,
      signal,
      ...(password !== undefined && { password }),
    });
    // zip.js leaves the stream open after an early failure: the failure must end the loop.
    const failed = done.then(() => new Promise<never>(() => undefined));
    failed.catch(() => undefined); // ignored if the loop has already ended
    const pieces = output.readable.getReader();
    for (
      let next = await Promise.race([pieces.read(), failed]);
      !next.done;
      next = await Promise.race([pieces.read(), failed])
    ) {
      yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    await done;
  } catch (error) {
    throw zipJsError(error, record, source.label, signal);
  } finally {
    await reader.close();
  }
}

async function loadZipJs(record: EntryRecord, archive: string): Promise<typeof import('@zip.js/zip.js')> {
  try {
    return await import('@zip.js/zip.js');
  } catch (cause) {
    throw entryError(
      'ERR_ZIP_UNSUPPORTED_METHOD',
      `compression method ${record.method} needs the package @zip.js/zip.js, which is not installed`,
      record,
      archive,
      cause,
    );
  }
}

function zipJsError(error: unknown, record: EntryRecord, archive: string, signal: AbortSignal): unknown {
  if (error instanceof ZipError || signal.aborted) {
    return signal.aborted ? signal.reason : error;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/password/i.test(message)) {
    return entryError('ERR_ZIP_PASSWORD', 'the password is wrong', record, archive, error);
  }
  if (/signature/i.test(message)) {
    return entryError('ERR_ZIP_CRC', 'the content does not match its authentication code', record, archive, error);
  }
  return decompressionError(error, record, archive) === error
    ? entryError('ERR_ZIP_BAD_DATA', `zip.js cannot read the data: ${message}`, record, archive, error)
    : error;
}

/** A directory with this entry at offset 0, and its end record. Sizes above 4 GiB are not supported. */
function singleDirectory(record: EntryRecord, offset: number): Buffer {
  if (record.size > 0xfffffffe || record.compressedSize > 0xfffffffe || offset > 0xfffffffe) {
    throw new ZipError(
      'ERR_ZIP_UNSUPPORTED_METHOD',
      'encrypted and deflate64 entries of 4 GiB or more are not supported',
      { entry: record.name },
    );
  }
  const extra =
    record.aes === undefined
      ? Buffer.alloc(0)
      : Buffer.concat([Buffer.from([0x01, 0x99, record.aes.length, 0]), record.aes]);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(51, 4);
  header.writeUInt16LE(51, 6);
  header.writeUInt16LE(record.flags, 8);
  header.writeUInt16LE(record.method, 10);
  header.writeUInt32LE(record.crc32, 16);
  header.writeUInt32LE(record.compressedSize, 20);
  header.writeUInt32LE(record.size, 24);
  header.writeUInt16LE(record.nameBytes.length, 28);
  header.writeUInt16LE(extra.length, 30);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(header.length + record.nameBytes.length + extra.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([header, record.nameBytes, extra, end]);
}
