import type { ArchiveAllowance } from './allowances.js';
import { decoded } from './decoded.js';
import {
  contradictsZip64,
  decodeEnd,
  decodeZip64End,
  decodeZip64Locator,
  END,
  END_BYTES,
  MAX_END_BYTES,
  needsZip64,
  ZIP64_END,
  ZIP64_END_BYTES,
  ZIP64_LOCATOR,
  ZIP64_LOCATOR_BYTES,
  type EndRecord,
} from './records.js';
import type { ArchiveSource, SourceTail } from './sources/source.js';
import { ZipError, type ZipErrorCode } from './zip-error.js';

/** Bytes of the first read: every possible end record, and the whole directory of a small archive. */
export const TAIL_BYTES = MAX_END_BYTES + ZIP64_LOCATOR_BYTES + ZIP64_END_BYTES;

/** Location of the central directory. */
export interface DirectoryPlace {
  readonly start: number;
  readonly end: number;
  readonly entries: number;
  /** Bytes before the archive, to be added to every offset in it. */
  readonly prefix: number;
}

/**
 * Finds the central directory from the end of the file.
 *
 * ZIP readers differ most in this step, and attacks exploit the differences: ambiguous archives are refused. There must
 * be one end record whose comment ends at the end of the file, no further end record inside that comment, and the
 * directory must end where the end records start.
 */
export async function locateDirectory(
  source: ArchiveSource,
  tail: SourceTail,
  allow: ReadonlySet<ArchiveAllowance>,
  signal?: AbortSignal,
): Promise<DirectoryPlace> {
  const { bytes, size } = tail;
  const tailStart = size - bytes.length;
  const refuse = (code: ZipErrorCode, message: string, offset?: number): ZipError =>
    new ZipError(code, message, { archive: source.label, ...(offset !== undefined && { offset }) });

  const endAt = findEnd(bytes, allow.has('trailing-data'), refuse);
  const end = decodeEnd(bytes, endAt);
  const zip64 = await findZip64(end, endAt);
  const { directoryBytes, directoryOffset, entries } = zip64?.record ?? end;
  const record = zip64?.record ?? end;
  if (record.disk !== 0 || record.directoryDisk !== 0 || record.entriesOnDisk !== entries) {
    throw refuse('ERR_ZIP_MULTI_DISK', 'archives that are split over several files are not supported; join them first');
  }
  const directoryEnd = zip64?.start ?? tailStart + endAt;
  const start = directoryEnd - directoryBytes;
  const prefix = start - directoryOffset;
  if (prefix < 0 || start < 0) {
    throw refuse(
      'ERR_ZIP_TRUNCATED',
      'the central directory starts after its expected end: bytes are missing',
      directoryOffset,
    );
  }
  if (prefix > 0 && !allow.has('prefixed-data')) {
    throw refuse(
      'ERR_ZIP_PREFIXED_DATA',
      `${prefix} bytes precede the archive or its directory; allow them with \`allow: ['prefixed-data']\``,
    );
  }
  return { start, end: directoryEnd, entries, prefix };

  /** The ZIP64 end record, if the archive has one. */
  async function findZip64(
    small: EndRecord,
    smallAt: number,
  ): Promise<{ readonly record: Omit<EndRecord, 'commentBytes'>; readonly start: number } | undefined> {
    const locatorAt = smallAt - ZIP64_LOCATOR_BYTES;
    const there = locatorAt >= 0 && bytes.readUInt32LE(locatorAt) === ZIP64_LOCATOR;
    if (!there) {
      return undefined;
    }
    // The directory extends to the end record, so the locator is part of it: some readers follow it nevertheless, to
    // another directory.
    if (small.directoryOffset + small.directoryBytes === tailStart + smallAt && !needsZip64(small)) {
      throw refuse(
        'ERR_ZIP_AMBIGUOUS_END',
        'the directory ends in a ZIP64 locator, so the archive is ambiguous',
        tailStart + locatorAt,
      );
    }
    const locator = decoded(() => decodeZip64Locator(bytes, locatorAt), {
      archive: source.label,
      offset: tailStart + locatorAt,
    });
    if (locator.disk !== 0 || locator.disks > 1) {
      throw refuse(
        'ERR_ZIP_MULTI_DISK',
        'archives that are split over several files are not supported; join them first',
      );
    }
    // The record has no fixed length, and its offset is wrong if bytes precede the archive: it must end where the
    // locator starts.
    const locatorOffset = tailStart + locatorAt;
    let start = locator.endOffset;
    let head = start + ZIP64_END_BYTES <= locatorOffset ? await readAt(start, ZIP64_END_BYTES) : undefined;
    if (head?.readUInt32LE(0) !== ZIP64_END) {
      start = locatorOffset - ZIP64_END_BYTES;
      head = start >= 0 ? await readAt(start, ZIP64_END_BYTES) : undefined;
    }
    if (head?.readUInt32LE(0) !== ZIP64_END) {
      throw refuse('ERR_ZIP_BAD_RECORD', 'the ZIP64 end record is not at the offset in its locator', locatorOffset);
    }
    const found = head;
    const record = decoded(() => decodeZip64End(found, 0), { archive: source.label, offset: start });
    if (start + record.bytes !== locatorOffset) {
      throw refuse('ERR_ZIP_BAD_RECORD', 'the ZIP64 end record does not end where its locator starts', start);
    }
    if (contradictsZip64(small, record)) {
      throw refuse('ERR_ZIP_MISMATCH', 'the end record and the ZIP64 end record contradict each other', start);
    }
    return { record, start };
  }

  async function readAt(start: number, length: number): Promise<Buffer> {
    return start >= tailStart
      ? bytes.subarray(start - tailStart, start - tailStart + length)
      : source.read(start, start + length, signal);
  }
}

/** The position of the end record in `bytes`. */
function findEnd(
  bytes: Buffer,
  trailingData: boolean,
  refuse: (code: ZipErrorCode, message: string) => ZipError,
): number {
  const signature = Buffer.from([END & 0xff, (END >> 8) & 0xff, (END >> 16) & 0xff, END >>> 24]);
  const found: number[] = [];
  for (let at = bytes.indexOf(signature); at >= 0; at = bytes.indexOf(signature, at + 1)) {
    found.push(at);
  }
  if (found.length === 0) {
    throw refuse('ERR_ZIP_NOT_ZIP', 'not a ZIP archive, or its end is missing');
  }

  const endOf = (at: number): number =>
    at + END_BYTES > bytes.length ? Infinity : at + END_BYTES + decodeEnd(bytes, at).commentBytes;
  const exact = found.filter((at) => endOf(at) === bytes.length);
  const chosen = exact.at(0) ?? found.filter((at) => endOf(at) < bytes.length).at(-1);
  if (chosen === undefined) {
    throw refuse('ERR_ZIP_TRUNCATED', 'the end record, or the comment after it, is cut off');
  }
  if (exact.length === 0 && !trailingData) {
    throw refuse(
      'ERR_ZIP_TRAILING_DATA',
      `${bytes.length - endOf(chosen)} bytes follow the archive; allow them with \`allow: ['trailing-data']\``,
    );
  }
  if (exact.length > 1 || found.some((at) => at > chosen && at < endOf(chosen))) {
    throw refuse('ERR_ZIP_AMBIGUOUS_END', 'the comment holds another end record, so the archive is ambiguous');
  }
  return chosen;
}
