import type { ByteReader } from './byte-reader.js';
import { decoded } from './decoded.js';
import { COMPARED_FLAGS, entryError } from './entry-data.js';
import { describeEntry, refusalOf, addsNothing, type EntryRecord, type EntryRules } from './entry-record.js';
import {
  contradictsZip64,
  decodeDirectoryHeader,
  decodeEnd,
  decodeZip64End,
  decodeZip64Locator,
  DIRECTORY_HEADER,
  DIRECTORY_HEADER_BYTES,
  directoryHeaderBytes,
  END,
  END_BYTES,
  needsZip64,
  ZIP64_END,
  ZIP64_END_BYTES,
  ZIP64_LOCATOR,
  ZIP64_LOCATOR_BYTES,
  type DirectoryFields,
  type EndRecord,
} from './records.js';
import type { Counted } from './streamed-body.js';
import { ZipError, type ZipErrorCode } from './zip-error.js';

/** A delivered entry, with its actual sizes and checksum. */
export interface Delivered {
  readonly record: EntryRecord;
  readonly counted: Counted;
}

/** The delivered entries in the order of the body, each to be looked up by its offset once. */
export class Deliveries {
  readonly #inOrder: Delivered[] = [];
  #taken = 0;
  /** Remaining entries, for a directory in a different order than the body, which is rare. */
  #rest: Map<number, Delivered> | undefined;

  /** Number of delivered entries. */
  get size(): number {
    return this.#inOrder.length;
  }

  /** Number of entries that were not looked up. */
  get left(): number {
    return this.#rest?.size ?? this.#inOrder.length - this.#taken;
  }

  add(delivered: Delivered): void {
    this.#inOrder.push(delivered);
  }

  take(offset: number): Delivered | undefined {
    const next = this.#rest === undefined ? (this.#inOrder[this.#taken] as Delivered | undefined) : undefined;
    if (next?.record.offset === offset) {
      this.#taken += 1;
      return next;
    }
    this.#rest ??= new Map(this.#inOrder.slice(this.#taken).map((delivered) => [delivered.record.offset, delivered]));
    const found = this.#rest.get(offset);
    this.#rest.delete(offset);
    return found;
  }
}

type SeenEnd = Omit<EndRecord, 'commentBytes'>;

/**
 * Reads everything after the last entry and compares it with the delivered entries: each must be in the directory once,
 * with the same name, method, flags, sizes, checksum and offset, and the end records must describe exactly this
 * directory. This ensures that all readers see the same content.
 *
 * @throws ZipError
 */
export async function checkDirectory(reader: ByteReader, delivered: Deliveries, rules: EntryRules): Promise<void> {
  const archive = reader.label;
  const start = reader.offset;
  const refuse = (code: ZipErrorCode, message: string): ZipError =>
    new ZipError(code, message, { archive, offset: reader.offset });
  /** The signature of the next record, which must have been gathered. */
  const signature = (): number => (reader.bytes.length - reader.at >= 4 ? reader.bytes.readUInt32LE(reader.at) : 0);
  const next = async (length: number): Promise<number> => {
    await reader.gather(length);
    return signature();
  };

  let entries = 0;
  let endsInLocator = false;
  for (;;) {
    if (!reader.gathered(DIRECTORY_HEADER_BYTES)) {
      await reader.gather(DIRECTORY_HEADER_BYTES);
    }
    if (signature() !== DIRECTORY_HEADER) {
      break;
    }
    const least = reader.bytes.length - reader.at < DIRECTORY_HEADER_BYTES;
    const length = least ? DIRECTORY_HEADER_BYTES : directoryHeaderBytes(reader.bytes, reader.at);
    if (!reader.gathered(length)) {
      await reader.gather(length);
    }
    if (reader.bytes.length - reader.at < length) {
      await reader.take(length);
    } // throws: the body ended
    const fields = decoded(() => decodeDirectoryHeader(reader.bytes, reader.at), { archive, offset: reader.offset });
    endsInLocator = reader.bytes.readUInt32LE(reader.at + length - ZIP64_LOCATOR_BYTES) === ZIP64_LOCATOR;
    reader.advance(length);
    compare(delivered.take(fields.offset), fields, rules, archive);
    entries += 1;
  }
  if (delivered.left > 0) {
    throw refuse('ERR_ZIP_MISMATCH', `${delivered.size} entries were delivered, the directory has ${entries}`);
  }
  const seen: SeenEnd = {
    disk: 0,
    directoryDisk: 0,
    entriesOnDisk: entries,
    entries,
    directoryBytes: reader.offset - start,
    directoryOffset: start,
  };

  const zip64Start = reader.offset;
  let wide = false;
  if ((await next(ZIP64_END_BYTES)) === ZIP64_END) {
    wide = true;
    const header = await reader.take(ZIP64_END_BYTES);
    const record = decoded(() => decodeZip64End(header, 0), { archive, offset: zip64Start });
    if (record.bytes !== ZIP64_END_BYTES) {
      await reader.take(Math.max(0, record.bytes - ZIP64_END_BYTES));
    }
    if (!sameEnd(record, seen)) {
      throw refuse('ERR_ZIP_MISMATCH', 'the ZIP64 end record does not match the directory');
    }
    if ((await next(ZIP64_LOCATOR_BYTES)) !== ZIP64_LOCATOR) {
      throw refuse('ERR_ZIP_BAD_RECORD', 'there is no locator after the ZIP64 end record');
    }
    const pointer = await reader.take(ZIP64_LOCATOR_BYTES);
    const locator = decoded(() => decodeZip64Locator(pointer, 0), { archive, offset: reader.offset });
    if (locator.endOffset !== zip64Start || locator.disks > 1 || locator.disk !== 0) {
      throw refuse('ERR_ZIP_MISMATCH', 'the ZIP64 locator points elsewhere');
    }
  }

  const last = await next(END_BYTES);
  if (reader.bytes.length === reader.at && delivered.size > 0) {
    throw refuse('ERR_ZIP_TRUNCATED', 'the archive ends without its end record');
  }
  if (last !== END) {
    throw refuse('ERR_ZIP_BAD_RECORD', 'unknown record');
  }
  if (endsInLocator && !wide) {
    throw refuse('ERR_ZIP_AMBIGUOUS_END', 'the directory ends in a ZIP64 locator, so the archive is ambiguous');
  }
  const end = decodeEnd(await reader.take(END_BYTES), 0);
  if (wide ? contradictsZip64(end, seen) : needsZip64(end) || !sameEnd(end, seen)) {
    throw refuse('ERR_ZIP_MISMATCH', 'the end record does not match the directory');
  }
  const comment = await reader.take(end.commentBytes);
  if (comment.includes('PK\u0005\u0006')) {
    throw refuse('ERR_ZIP_AMBIGUOUS_END', 'the comment contains another end record, so the archive is ambiguous');
  }
  if (!rules.allow.has('trailing-data') && (await reader.peek(1)).length > 0) {
    throw refuse('ERR_ZIP_TRAILING_DATA', "bytes follow the archive; allow them with `allow: ['trailing-data']`");
  }
}

function compare(delivered: Delivered | undefined, fields: DirectoryFields, rules: EntryRules, archive: string): void {
  if (delivered === undefined) {
    throw entryError(
      'ERR_ZIP_MISMATCH',
      'the directory has an entry that was not in the body',
      describeEntry(fields, 0, rules),
      archive,
    );
  }
  const { record: local, counted } = delivered;
  const differs = !local.nameBytes.equals(fields.nameBytes)
    ? 'name'
    : local.method !== fields.method
      ? 'method'
      : ((local.flags ^ fields.flags) & COMPARED_FLAGS) !== 0
        ? 'flags'
        : counted.crc32 !== fields.crc32
          ? 'checksum'
          : counted.size !== fields.size || counted.compressedSize !== fields.compressedSize
            ? 'size'
            : undefined;
  if (differs !== undefined) {
    throw entryError(
      'ERR_ZIP_MISMATCH',
      `the delivered entry and the directory differ in the ${differs}`,
      local,
      archive,
    );
  }
  if (addsNothing(fields) && local.pathField === undefined) {
    return;
  }
  // Information only in the directory: another name, or another kind, although it was delivered as a file.
  const record = describeEntry(fields, 0, rules);
  if (record.name !== local.name) {
    throw entryError(
      'ERR_ZIP_MISMATCH',
      'the directory has another name for the entry in an extra field',
      local,
      archive,
    );
  }
  const refusal = record.refusal === local.refusal ? undefined : refusalOf(record, archive);
  if (refusal !== undefined) {
    throw refusal;
  }
}

function sameEnd(a: SeenEnd, b: SeenEnd): boolean {
  return (
    a.disk === b.disk &&
    a.directoryDisk === b.directoryDisk &&
    a.entriesOnDisk === b.entriesOnDisk &&
    a.entries === b.entries &&
    a.directoryBytes === b.directoryBytes &&
    a.directoryOffset === b.directoryOffset
  );
}
