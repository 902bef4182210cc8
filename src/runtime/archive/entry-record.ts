import { crc32 } from 'node:zlib';
import type { ArchiveAllowance } from './allowances.js';
import { RATIO_GRACE_BYTES, type ArchiveLimits } from './limits.js';
import { decodeCp437, decodeUtf8, problemOfName } from './names.js';
import { Flag, Method, type DirectoryFields, type HeaderFields } from './records.js';
import { ZipError, type EntryProblem, type ZipErrorCode } from './zip-error.js';

export type EntryKind = 'file' | 'directory' | 'symlink';

/** One entry of the central directory. */
export interface EntryRecord {
  readonly name: string;
  /** The encoded name, to be compared with the local header. */
  readonly nameBytes: Buffer;
  readonly kind: EntryKind;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly dosTime: number;
  readonly dosDate: number;
  readonly aes: Buffer | undefined;
  /** Name from a Unicode path field, APPNOTE 4.6.9; undefined if there is none. */
  readonly pathField: Buffer | undefined;
  /** Offset of its local header in the source. */
  readonly offset: number;
  /** Offset of the next entry or the directory: the upper bound of the entry. */
  limit: number;
  /**
   * Why the entry must not be read. A code instead of an error object, because a hostile archive can have a million of
   * them.
   */
  refusal: ZipErrorCode | undefined;
}

export interface EntryRules {
  readonly limits: Required<ArchiveLimits>;
  readonly allow: ReadonlySet<ArchiveAllowance>;
  readonly legacyEncoding: 'cp437' | 'utf-8';
}

export function describeEntry(fields: DirectoryFields, prefix: number, rules: EntryRules): EntryRecord {
  const decoded = decodeName(fields, rules);
  const name = rules.allow.has('backslashes') ? decoded.name.replaceAll('\\', '/') : decoded.name;
  const kind = kindOf(fields, name);
  return {
    name,
    nameBytes: fields.nameBytes,
    kind: kind === 'special' ? 'file' : kind,
    flags: fields.flags,
    method: fields.method,
    crc32: fields.crc32,
    compressedSize: fields.compressedSize,
    size: fields.size,
    dosTime: fields.dosTime,
    dosDate: fields.dosDate,
    aes: fields.extra.aes,
    pathField: pathFieldOf(fields),
    offset: fields.offset + prefix,
    limit: 0,
    refusal: decoded.problem ?? problemOf(fields, name, kind, rules),
  };
}

/**
 * True for a central header without additional information: the entry is a regular file, its name is only in the
 * header, and its sizes were counted.
 */
export function addsNothing(fields: DirectoryFields): boolean {
  return fields.disk === 0 && fields.extra.unicodePath === undefined && kindOf(fields, '') === 'file';
}

/** The entries in the order of their data, which equals the order of the directory in nearly every archive. */
export function inOrder(entries: readonly EntryRecord[]): readonly EntryRecord[] {
  for (let i = 1; i < entries.length; i++) {
    if (entries[i].offset < entries[i - 1].offset) {
      return [...entries].sort((a, b) => a.offset - b.offset);
    }
  }
  return entries;
}

/** The error of a refused entry, or undefined. */
export function refusalOf(record: EntryRecord, archive: string): ZipError | undefined {
  return (
    record.refusal &&
    new ZipError(record.refusal, REASONS[record.refusal] ?? 'the entry is refused', {
      archive,
      entry: record.name,
      offset: record.offset,
    })
  );
}

/**
 * The name according to flag 11, the Unicode path field (APPNOTE 4.6.9) or the legacy encoding, and whether the first
 * two contradict each other.
 */
function decodeName(
  fields: HeaderFields,
  rules: EntryRules,
): { readonly name: string; readonly problem?: ZipErrorCode } {
  const { nameBytes } = fields;
  const flagged = (fields.flags & Flag.utf8) !== 0;
  const own = flagged || rules.legacyEncoding === 'utf-8' ? decodeUtf8(nameBytes) : decodeCp437(nameBytes);
  if (own === undefined) {
    return { name: nameBytes.toString('latin1'), problem: 'ERR_ZIP_NAME_ENCODING' };
  }
  const field = pathFieldOf(fields);
  if (field === undefined) {
    return { name: own };
  }
  const unicode = decodeUtf8(field);
  if (unicode === undefined) {
    return { name: own, problem: 'ERR_ZIP_NAME_ENCODING' };
  }
  return flagged && unicode !== own ? { name: own, problem: 'ERR_ZIP_MISMATCH' } : { name: unicode };
}

/**
 * The name in the Unicode path field, 4.6.9: version 1 and the checksum of the original name. A field left by a
 * renaming tool is ignored.
 */
export function pathFieldOf({ nameBytes, extra: { unicodePath: field } }: HeaderFields): Buffer | undefined {
  return field === undefined || field.length < 5 || field[0] !== 1 || field.readUInt32LE(1) !== crc32(nameBytes)
    ? undefined
    : field.subarray(5);
}

/** Systems that store Unix file modes in the upper half of the attributes: Unix and macOS. */
const UNIX_HOSTS = new Set([3, 19]);
const S_IFMT = 0o170000;

function kindOf(fields: DirectoryFields, name: string): EntryKind | 'special' {
  const type = UNIX_HOSTS.has(fields.madeBy >> 8) ? (fields.externalAttributes >>> 16) & S_IFMT : 0;
  if (type === 0o120000) {
    return 'symlink';
  }
  if (name.endsWith('/') || type === 0o040000) {
    return 'directory';
  }
  return type === 0 || type === 0o100000 ? 'file' : 'special';
}

function problemOf(
  fields: DirectoryFields,
  name: string,
  kind: EntryKind | 'special',
  rules: EntryRules,
): ZipErrorCode | undefined {
  const { limits, allow } = rules;
  const named: EntryProblem | undefined = problemOfName(name, fields.nameBytes.length, { ...limits, allow });
  if (named !== undefined) {
    return `ERR_ZIP_${named}`;
  }
  if (kind === 'symlink' && !allow.has('symlinks')) {
    return 'ERR_ZIP_SYMLINK';
  }
  if (kind === 'special') {
    return 'ERR_ZIP_SPECIAL_FILE';
  }
  if (fields.disk !== 0 && fields.disk !== 0xffff) {
    return 'ERR_ZIP_MULTI_DISK';
  }
  if ((fields.flags & (Flag.strongEncryption | Flag.maskedHeader)) !== 0) {
    return 'ERR_ZIP_ENCRYPTED';
  }
  if (kind === 'directory' && fields.size !== 0) {
    return 'ERR_ZIP_SIZE';
  }
  if (fields.size > limits.maxEntryBytes) {
    return 'ERR_ZIP_ENTRY_TOO_LARGE';
  }
  if (fields.size > RATIO_GRACE_BYTES && fields.size > fields.compressedSize * limits.maxRatio) {
    return 'ERR_ZIP_RATIO';
  }
  if (
    fields.method === Method.stored &&
    (fields.flags & Flag.encrypted) === 0 &&
    fields.size !== fields.compressedSize
  ) {
    return 'ERR_ZIP_SIZE';
  }
  return undefined;
}

/** Messages for refusals that are detected from the directory. */
const REASONS: Partial<Record<ZipErrorCode, string>> = {
  ERR_ZIP_NAME_EMPTY: 'the name is empty',
  ERR_ZIP_NAME_ENCODING: 'the name is declared as UTF-8 and is invalid',
  ERR_ZIP_NAME_TOO_LONG: 'the name is longer than `limits.maxNameBytes`',
  ERR_ZIP_NAME_TOO_DEEP: 'the name has more parts than `limits.maxNameDepth`',
  ERR_ZIP_NAME_CONTROL: 'the name contains NUL or another control character',
  ERR_ZIP_NAME_BACKSLASH: "the name contains a backslash; convert it to a slash with `allow: ['backslashes']`",
  ERR_ZIP_NAME_ABSOLUTE: 'the name is an absolute path',
  ERR_ZIP_NAME_ESCAPES: 'the name has a part that is empty, `.` or `..`, and can escape from its destination',
  ERR_ZIP_NAME_RESERVED: "the name is reserved on Windows; allow it with `allow: ['reserved-names']`",
  ERR_ZIP_MISMATCH: 'the name and the Unicode path field differ',
  ERR_ZIP_DUPLICATE_NAME: 'another entry has the same name, and readers differ in which one they use',
  ERR_ZIP_FOLDED_DUPLICATE:
    "the name of another entry differs only by case or Unicode form; allow it with `allow: ['folded-duplicates']`",
  ERR_ZIP_SYMLINK: "the entry is a symbolic link; read its target as a file with `allow: ['symlinks']`",
  ERR_ZIP_SPECIAL_FILE: 'the entry is a device, socket or pipe',
  ERR_ZIP_MULTI_DISK: 'the entry is in another part of a split archive',
  ERR_ZIP_ENCRYPTED: 'the entry, or the directory, is encrypted with an unsupported method of PKWARE',
  ERR_ZIP_SIZE: 'the sizes contradict each other',
  ERR_ZIP_ENTRY_TOO_LARGE: 'the entry is larger than `limits.maxEntryBytes`',
  ERR_ZIP_RATIO: 'the compression ratio exceeds `limits.maxRatio`, as in a decompression bomb',
};
