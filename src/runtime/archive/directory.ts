import type { ArchiveAllowance } from './allowances.js';
import { decoded } from './decoded.js';
import { locateDirectory, TAIL_BYTES, type DirectoryPlace } from './end-of-directory.js';
import { describeEntry, inOrder, type EntryRecord, type EntryRules } from './entry-record.js';
import { foldName, withoutSlash } from './names.js';
import {
  decodeDirectoryHeader,
  DIRECTORY_HEADER,
  DIRECTORY_HEADER_BYTES,
  directoryHeaderBytes,
  LOCAL_HEADER_BYTES,
} from './records.js';
import type { ArchiveSource } from './sources/source.js';
import { ZipError } from './zip-error.js';

/** The central directory, validated as far as possible without reading entries. */
export interface Directory {
  readonly entries: readonly EntryRecord[];
  /** The raw directory: its hash identifies the content of the archive. */
  readonly bytes: Buffer;
  readonly size: number;
}

/**
 * Reads the central directory with one request, or two if it is larger than 64 KiB.
 *
 * Errors of the archive as a whole are thrown. Errors of one entry are stored as its refusal, so that the other entries
 * can be read.
 */
export async function readDirectory(
  source: ArchiveSource,
  rules: EntryRules,
  signal?: AbortSignal,
): Promise<Directory> {
  const archive = source.label;
  const tail = await source.tail(TAIL_BYTES, signal);
  const place = await locateDirectory(source, tail, rules.allow, signal);
  const { maxEntries, maxDirectoryBytes } = rules.limits;
  if (place.entries > maxEntries) {
    throw new ZipError('ERR_ZIP_TOO_MANY_ENTRIES', `${place.entries} entries; \`limits.maxEntries\` is ${maxEntries}`, {
      archive,
    });
  }
  if (place.end - place.start > maxDirectoryBytes) {
    const message = `a central directory of ${place.end - place.start} bytes; \`limits.maxDirectoryBytes\` is ${maxDirectoryBytes}`;
    throw new ZipError('ERR_ZIP_DIRECTORY_TOO_LARGE', message, { archive });
  }
  const tailStart = tail.size - tail.bytes.length;
  const inTail = tail.bytes.subarray(Math.max(0, place.start - tailStart), place.end - tailStart);
  const bytes =
    place.start >= tailStart
      ? inTail
      : Buffer.concat([
          await source.read(place.start, Math.min(place.end, tailStart), signal),
          place.end > tailStart ? inTail : Buffer.alloc(0),
        ]);
  const entries = parseDirectory(bytes, place, archive, rules);
  checkLayout(entries, place, archive, rules.allow);
  refuseDuplicates(entries, rules.allow);
  return { entries, bytes, size: tail.size };
}

function parseDirectory(bytes: Buffer, place: DirectoryPlace, archive: string, rules: EntryRules): EntryRecord[] {
  const entries: EntryRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const offset = place.start + at;
    const complete =
      at + DIRECTORY_HEADER_BYTES <= bytes.length && at + directoryHeaderBytes(bytes, at) <= bytes.length;
    if (!complete || bytes.readUInt32LE(at) !== DIRECTORY_HEADER) {
      throw new ZipError('ERR_ZIP_BAD_RECORD', 'the central directory contains data that is not an entry header', {
        archive,
        offset,
      });
    }
    if (entries.length === place.entries) {
      break;
    }
    const header = at;
    const fields = decoded(() => decodeDirectoryHeader(bytes, header), { archive, offset });
    entries.push(describeEntry(fields, place.prefix, rules));
    at += fields.recordBytes;
  }
  if (entries.length !== place.entries || at !== bytes.length) {
    const message = `the end record contains ${place.entries} entries, the directory ${entries.length} or more`;
    throw new ZipError('ERR_ZIP_MISMATCH', message, { archive, offset: place.start });
  }
  return entries;
}

/**
 * Entries must not overlap, as in bombs that reuse the data of one entry, and must be between the start and the
 * directory. Checked here with the minimum size of an entry, and again with the exact length of its local header when
 * it is read.
 */
function checkLayout(
  entries: readonly EntryRecord[],
  place: DirectoryPlace,
  archive: string,
  allow: ReadonlySet<ArchiveAllowance>,
): void {
  const ordered = inOrder(entries);
  for (let i = 0; i < ordered.length; i++) {
    const entry = ordered[i];
    const next = ordered.at(i + 1);
    const limit = next?.offset ?? place.start;
    if (entry.offset + LOCAL_HEADER_BYTES + entry.nameBytes.length + entry.compressedSize > limit) {
      const what = next === undefined ? 'the central directory' : 'another entry';
      throw new ZipError('ERR_ZIP_OVERLAP', `the entry overlaps ${what}`, {
        archive,
        entry: entry.name,
        offset: entry.offset,
      });
    }
    entry.limit = limit;
  }
  const first = ordered.at(0)?.offset ?? place.start;
  // Four bytes are the marker of a split archive with a single part, 8.5.4 of APPNOTE.
  if (first > 4 && !allow.has('prefixed-data')) {
    throw new ZipError(
      'ERR_ZIP_PREFIXED_DATA',
      `${first} bytes precede the first entry; allow them with \`allow: ['prefixed-data']\``,
      { archive },
    );
  }
}

/** Refuses all entries with the same name, because readers differ in which one they use. */
function refuseDuplicates(entries: readonly EntryRecord[], allow: ReadonlySet<ArchiveAllowance>): void {
  const seen = new Map<string, EntryRecord>();
  for (const entry of entries) {
    const folded = allow.has('folded-duplicates') ? withoutSlash(entry.name) : foldName(entry.name);
    const other = seen.get(folded);
    if (other === undefined) {
      seen.set(folded, entry);
    } else if (withoutSlash(entry.name) === withoutSlash(other.name)) {
      entry.refusal ??= 'ERR_ZIP_DUPLICATE_NAME';
      other.refusal ??= 'ERR_ZIP_DUPLICATE_NAME';
    } else {
      entry.refusal ??= 'ERR_ZIP_FOLDED_DUPLICATE';
      other.refusal ??= 'ERR_ZIP_FOLDED_DUPLICATE';
    }
  }
}
