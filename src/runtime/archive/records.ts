/**
 * Decoders for the records of a ZIP. The consistency of values is checked by the readers.
 *
 * Section numbers are those of PKWARE's APPNOTE 6.3.10.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */

export const LOCAL_HEADER = 0x04034b50;
export const DESCRIPTOR = 0x08074b50;
export const DIRECTORY_HEADER = 0x02014b50;
export const END = 0x06054b50;
export const ZIP64_END = 0x06064b50;
export const ZIP64_LOCATOR = 0x07064b50;

export const LOCAL_HEADER_BYTES = 30;
export const DIRECTORY_HEADER_BYTES = 46;
export const END_BYTES = 22;
export const ZIP64_END_BYTES = 56;
export const ZIP64_LOCATOR_BYTES = 20;
/** Size of the end record with the longest comment: the part of a file that is searched for it. */
export const MAX_END_BYTES = END_BYTES + 0xffff;

/** General purpose bits, 4.4.4. */
export const Flag = {
  encrypted: 0x1,
  descriptor: 0x8,
  strongEncryption: 0x40,
  utf8: 0x800,
  maskedHeader: 0x2000,
} as const;

/** Compression methods, 4.4.5. */
export const Method = {
  stored: 0,
  deflate: 8,
  deflate64: 9,
  bzip2: 12,
  lzma: 14,
  zstd: 93,
  zstdOld: 20,
  xz: 95,
  aes: 99,
} as const;

const EXTRA_ZIP64 = 0x0001;
const EXTRA_UNICODE_PATH = 0x7075;
const EXTRA_AES = 0x9901;

const UINT32_MAX = 0xffffffff;
const UINT16_MAX = 0xffff;

/** An invalid record. The reader adds the archive and entry. */
export class RecordError extends Error {}

/** End of central directory, 4.3.16. */
export interface EndRecord {
  readonly disk: number;
  readonly directoryDisk: number;
  readonly entriesOnDisk: number;
  readonly entries: number;
  readonly directoryBytes: number;
  readonly directoryOffset: number;
  readonly commentBytes: number;
}

export function decodeEnd(bytes: Buffer, at: number): EndRecord {
  return {
    disk: bytes.readUInt16LE(at + 4),
    directoryDisk: bytes.readUInt16LE(at + 6),
    entriesOnDisk: bytes.readUInt16LE(at + 8),
    entries: bytes.readUInt16LE(at + 10),
    directoryBytes: bytes.readUInt32LE(at + 12),
    directoryOffset: bytes.readUInt32LE(at + 16),
    commentBytes: bytes.readUInt16LE(at + 20),
  };
}

/** ZIP64 end of central directory locator, 4.3.15. */
export function decodeZip64Locator(
  bytes: Buffer,
  at: number,
): { readonly disk: number; readonly endOffset: number; readonly disks: number } {
  return { disk: bytes.readUInt32LE(at + 4), endOffset: safeUint64(bytes, at + 8), disks: bytes.readUInt32LE(at + 16) };
}

/** ZIP64 end of central directory, 4.3.14; `bytes` is the length of the whole record. */
export function decodeZip64End(
  bytes: Buffer,
  at: number,
): Omit<EndRecord, 'commentBytes'> & { readonly bytes: number } {
  return {
    bytes: safeUint64(bytes, at + 4) + 12,
    disk: bytes.readUInt32LE(at + 16),
    directoryDisk: bytes.readUInt32LE(at + 20),
    entriesOnDisk: safeUint64(bytes, at + 24),
    entries: safeUint64(bytes, at + 32),
    directoryBytes: safeUint64(bytes, at + 40),
    directoryOffset: safeUint64(bytes, at + 48),
  };
}

/** Whether a value of the end record refers to the ZIP64 record. */
export function needsZip64(end: EndRecord): boolean {
  return (
    end.entries === UINT16_MAX ||
    end.entriesOnDisk === UINT16_MAX ||
    end.directoryBytes === UINT32_MAX ||
    end.directoryOffset === UINT32_MAX ||
    end.disk === UINT16_MAX ||
    end.directoryDisk === UINT16_MAX
  );
}

/** Whether a 32 or 16 bit value other than the ZIP64 marker differs from the ZIP64 value. */
export function contradictsZip64(end: EndRecord, zip64: Omit<EndRecord, 'commentBytes'>): boolean {
  const differs = (small: number, mark: number, large: number): boolean => small !== mark && small !== large;
  return (
    differs(end.disk, UINT16_MAX, zip64.disk) ||
    differs(end.directoryDisk, UINT16_MAX, zip64.directoryDisk) ||
    differs(end.entriesOnDisk, UINT16_MAX, zip64.entriesOnDisk) ||
    differs(end.entries, UINT16_MAX, zip64.entries) ||
    differs(end.directoryBytes, UINT32_MAX, zip64.directoryBytes) ||
    differs(end.directoryOffset, UINT32_MAX, zip64.directoryOffset)
  );
}

/** Common fields of local and central headers, after ZIP64. */
export interface HeaderFields {
  readonly flags: number;
  readonly method: number;
  readonly dosTime: number;
  readonly dosDate: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly nameBytes: Buffer;
  readonly extra: ExtraFields;
  /** Length of the whole record. */
  readonly recordBytes: number;
}

/** Central directory file header, 4.3.12. */
export interface DirectoryFields extends HeaderFields {
  readonly madeBy: number;
  readonly disk: number;
  readonly externalAttributes: number;
  readonly offset: number;
}

/** The length of the whole local header at `at`; needs its first 30 bytes. */
export function localHeaderBytes(bytes: Buffer, at: number): number {
  return LOCAL_HEADER_BYTES + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
}

/** The length of the whole central header at `at`; needs its first 46 bytes. */
export function directoryHeaderBytes(bytes: Buffer, at: number): number {
  return (
    DIRECTORY_HEADER_BYTES + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  );
}

/**
 * Decodes the complete local header at `at`; ZIP64 sizes replace the 32 bit ones.
 * @throws RecordError
 */
export function decodeLocalHeader(bytes: Buffer, at: number): HeaderFields {
  const nameEnd = at + LOCAL_HEADER_BYTES + bytes.readUInt16LE(at + 26);
  const recordBytes = localHeaderBytes(bytes, at);
  const extra = decodeExtra(bytes, nameEnd, at + recordBytes);
  const wide = zip64Reader(bytes, extra);
  // 4.5.3: the order of the values is fixed, and only those with the marker in their 32 bit field are present.
  const size = wide(bytes.readUInt32LE(at + 22));
  const compressedSize = wide(bytes.readUInt32LE(at + 18));
  return {
    flags: bytes.readUInt16LE(at + 6),
    method: bytes.readUInt16LE(at + 8),
    dosTime: bytes.readUInt16LE(at + 10),
    dosDate: bytes.readUInt16LE(at + 12),
    crc32: bytes.readUInt32LE(at + 14),
    compressedSize,
    size,
    nameBytes: bytes.subarray(at + LOCAL_HEADER_BYTES, nameEnd),
    extra,
    recordBytes,
  };
}

/** Decodes the complete central header at `at`. @throws RecordError */
export function decodeDirectoryHeader(bytes: Buffer, at: number): DirectoryFields {
  const nameEnd = at + DIRECTORY_HEADER_BYTES + bytes.readUInt16LE(at + 28);
  const extra = decodeExtra(bytes, nameEnd, nameEnd + bytes.readUInt16LE(at + 30));
  const wide = zip64Reader(bytes, extra);
  const size = wide(bytes.readUInt32LE(at + 24));
  const compressedSize = wide(bytes.readUInt32LE(at + 20));
  const offset = wide(bytes.readUInt32LE(at + 42));
  return {
    madeBy: bytes.readUInt16LE(at + 4),
    flags: bytes.readUInt16LE(at + 8),
    method: bytes.readUInt16LE(at + 10),
    dosTime: bytes.readUInt16LE(at + 12),
    dosDate: bytes.readUInt16LE(at + 14),
    crc32: bytes.readUInt32LE(at + 16),
    compressedSize,
    size,
    nameBytes: bytes.subarray(at + DIRECTORY_HEADER_BYTES, nameEnd),
    extra,
    disk: bytes.readUInt16LE(at + 34),
    externalAttributes: bytes.readUInt32LE(at + 38),
    offset,
    recordBytes: directoryHeaderBytes(bytes, at),
  };
}

/** Values of known extra fields; `zip64` as [start, end]. */
export interface ExtraFields {
  readonly zip64?: readonly [number, number];
  readonly unicodePath?: Buffer;
  readonly aes?: Buffer;
}

const NO_EXTRA: ExtraFields = {};

/** Extra fields, 4.5.1: id, length, value. Fewer than 4 bytes at the end are padding of alignment tools. */
function decodeExtra(bytes: Buffer, start: number, end: number): ExtraFields {
  if (end - start < 4) {
    return NO_EXTRA;
  }
  let zip64: readonly [number, number] | undefined;
  let unicodePath: Buffer | undefined;
  let aes: Buffer | undefined;
  for (let at = start; end - at >= 4;) {
    const id = bytes.readUInt16LE(at);
    const valueStart = at + 4;
    at = valueStart + bytes.readUInt16LE(at + 2);
    if (at > end) {
      throw new RecordError(`extra field 0x${id.toString(16)} exceeds the end of the extra fields`);
    }
    const earlier =
      id === EXTRA_ZIP64 ? zip64 : id === EXTRA_UNICODE_PATH ? unicodePath : id === EXTRA_AES ? aes : undefined;
    if (earlier !== undefined) {
      throw new RecordError(`extra field 0x${id.toString(16)} occurs twice, and readers differ in which one they use`);
    }
    if (id === EXTRA_ZIP64) {
      zip64 = [valueStart, at];
    } else if (id === EXTRA_UNICODE_PATH) {
      unicodePath = bytes.subarray(valueStart, at);
    } else if (id === EXTRA_AES) {
      aes = bytes.subarray(valueStart, at);
    }
  }
  return zip64 === undefined && unicodePath === undefined && aes === undefined
    ? NO_EXTRA
    : { ...(zip64 && { zip64 }), ...(unicodePath && { unicodePath }), ...(aes && { aes }) };
}

/** Reads the values of the ZIP64 extra field in order, for 32 bit fields with the marker. */
function zip64Reader(bytes: Buffer, extra: ExtraFields): (small: number) => number {
  if (extra.zip64 === undefined) {
    return (small) => {
      if (small === UINT32_MAX) {
        throw new RecordError('a size or offset refers to ZIP64, and there is no ZIP64 field');
      }
      return small;
    };
  }
  let [at] = extra.zip64;
  const [, end] = extra.zip64;
  return (small) => {
    if (small !== UINT32_MAX) {
      return small;
    }
    if (at + 8 > end) {
      throw new RecordError('the ZIP64 field is too short for its values');
    }
    at += 8;
    return safeUint64(bytes, at - 8);
  };
}

function safeUint64(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000;
  if (!Number.isSafeInteger(value)) {
    throw new RecordError('a 64 bit value is larger than any file');
  }
  return value;
}

/** MS-DOS date and time, 4.4.6, without time zone: read as UTC. Undefined if it is not a valid date. */
export function decodeDosTime(dosDate: number, dosTime: number): Date | undefined {
  const month = (dosDate >> 5) & 0xf;
  const day = dosDate & 0x1f;
  if (month < 1 || month > 12 || day < 1) {
    return undefined;
  }
  return new Date(
    Date.UTC(1980 + (dosDate >> 9), month - 1, day, dosTime >> 11, (dosTime >> 5) & 0x3f, (dosTime & 0x1f) * 2),
  );
}
