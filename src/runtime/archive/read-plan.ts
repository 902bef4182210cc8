import { spanEnd } from './entry-data.js';
import type { EntryRecord } from './entry-record.js';

/** Reads of at most this much are made ahead and kept in memory; a larger entry gets a stream of its own. */
export const MAX_READ_BYTES = 1024 * 1024;

/** Never read over a gap larger than this to save a request. */
const MAX_GAP_BYTES = 64 * 1024;

/** Bytes that nobody wants may be this part of those that are wanted. */
const MAX_WASTE = 0.05;

/** One read, and the entries whose bytes it brings. */
export interface PlannedRead {
  start: number;
  end: number;
  readonly entries: EntryRecord[];
}

/**
 * Groups entries into reads, in the order of the archive.
 *
 * Neighbours share a read. Entries with a gap between them do as well, smallest gaps first, while all gaps that are read are at most 5 % of what is
 * wanted: so the number of requests is as small as that allows, and the bytes on the wire have a bound.
 */
export function planReads(entries: readonly EntryRecord[]): PlannedRead[] {
  const ordered = [...entries].sort((a, b) => a.offset - b.offset);
  const bridged = bridgedGaps(ordered);
  const reads: PlannedRead[] = [];
  let read: PlannedRead | undefined;
  for (const [i, entry] of ordered.entries()) {
    const end = spanEnd(entry);
    if (read !== undefined && bridged(i) && end - read.start <= MAX_READ_BYTES) {
      read.end = end;
      read.entries.push(entry);
    } else {
      read = { start: entry.offset, end, entries: [entry] };
      reads.push(read);
    }
  }
  return reads;
}

/** Tells for each index whether the gap before that entry is worth reading. */
function bridgedGaps(ordered: readonly EntryRecord[]): (index: number) => boolean {
  const gapBefore = (i: number): number => (ordered[i]?.offset ?? 0) - spanEnd(ordered[i - 1]);
  const gaps: number[] = [];
  let wanted = 0;
  for (const [i, entry] of ordered.entries()) {
    wanted += spanEnd(entry) - entry.offset;
    if (i > 0 && gapBefore(i) > 0 && gapBefore(i) <= MAX_GAP_BYTES) gaps.push(i);
  }
  gaps.sort((a, b) => gapBefore(a) - gapBefore(b));
  let budget = wanted * MAX_WASTE;
  const taken = new Set<number>();
  for (const i of gaps) {
    budget -= gapBefore(i);
    if (budget < 0) break;
    taken.add(i);
  }
  return (i) => i > 0 && (gapBefore(i) <= 0 || taken.has(i));
}
