import { spanEnd } from './entry-data.js';
import { inOrder, type EntryRecord } from './entry-record.js';

/** Maximum bytes of a read-ahead, which is held in memory; a larger entry is read with its own stream. */
export const MAX_READ_BYTES = 512 * 1024;

/** Maximum gap that is read to save a request. */
const MAX_GAP_BYTES = 64 * 1024;

/** Maximum share of unneeded bytes, relative to needed ones. */
const MAX_WASTE = 0.05;

/** One read, and the entries that it contains. */
export interface PlannedRead {
  start: number;
  end: number;
  readonly entries: EntryRecord[];
}

/**
 * Groups entries into reads, in the order of the archive.
 *
 * Adjacent entries share a read. Entries with a gap between them do as well, smallest gaps first, as long as all gaps
 * together are at most 5 % of the needed bytes. This minimizes the number of requests within a bound on transferred
 * bytes.
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

/** The widest gap that is read: all gaps up to this width together stay within the limit. */
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
    // Gaps of equal width are read all or none.
    if (budget < 0) {
      return gap === widest ? widest - 1 : widest;
    }
    widest = gap;
  }
  return widest;
}
