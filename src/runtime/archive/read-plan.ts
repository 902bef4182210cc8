import { spanEnd } from './entry-data.js';
import { inOrder, type EntryRecord } from './entry-record.js';

/** Reads of at most this much are made ahead and kept in memory; a larger entry gets a stream of its own. */
export const MAX_READ_BYTES = 512 * 1024;

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
 * Neighbours share a read. Entries with a gap between them do as well, smallest gaps first, while all gaps that are
 * read are at most 5 % of what is
 * wanted: so the number of requests is as small as that allows, and the bytes on the wire have a bound.
 */
export function planReads(entries: readonly EntryRecord[]): PlannedRead[] {
  const ordered = inOrder(entries);
  const ends = ordered.map(spanEnd);
  const bridged = widestBridge(ordered, ends);
  const reads: PlannedRead[] = [];
  let read: PlannedRead | undefined;
  for (let i = 0; i < ordered.length; i++) {
    const entry = ordered[i];
    if (read !== undefined && entry.offset - read.end <= bridged && ends[i] - read.start <= MAX_READ_BYTES) {
      read.end = ends[i];
      read.entries.push(entry);
    } else {
      read = { start: entry.offset, end: ends[i], entries: [entry] };
      reads.push(read);
    }
  }
  return reads;
}

/** The widest gap that is read over: all gaps up to it together stay within what may be wasted. */
function widestBridge(ordered: readonly EntryRecord[], ends: readonly number[]): number {
  const gaps: number[] = [];
  let wanted = 0;
  for (let i = 0; i < ordered.length; i++) {
    wanted += ends[i] - ordered[i].offset;
    const gap = i === 0 ? 0 : ordered[i].offset - ends[i - 1];
    if (gap > 0 && gap <= MAX_GAP_BYTES) {
      gaps.push(gap);
    }
  }
  let budget = wanted * MAX_WASTE;
  let widest = 0;
  for (const gap of gaps.sort((a, b) => a - b)) {
    budget -= gap;
    // Of gaps of one width, all or none.
    if (budget < 0) {
      return gap === widest ? widest - 1 : widest;
    }
    widest = gap;
  }
  return widest;
}
