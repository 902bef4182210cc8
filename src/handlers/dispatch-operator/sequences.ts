import { type FileRow, isPaused, type PauseRow } from '../../runtime/dispatch/rows';
import type { DispatchStore } from '../../runtime/dispatch/store';
import { typeOf } from './files';
import type { FileMarker, OperatorRequest } from './request';

type SequencesRequest = Extract<OperatorRequest, { action: 'sequences' }>;

/** A file of a sequence, as far as an operator needs it to choose one. */
export interface SequenceFile extends Pick<
  FileRow,
  'id' | 'type' | 'status' | 'attempts' | 'reason' | 'registeredAt' | 'updatedAt' | 'notBefore'
> {
  readonly bucket: string;
  readonly key: string;
}

export interface SequenceSummary {
  readonly sequence: string;
  /** Files that hold a slot: starting, running, waiting or blocked; at most 10. */
  readonly heads: readonly SequenceFile[];
  /** Number of queued files, at most 1,000. */
  readonly queued: number;
  /** True if there are more than `queued`. */
  readonly more: boolean;
  /** The queued file that is first in order. */
  readonly first?: SequenceFile;
  readonly paused: boolean;
}

export interface SequencePage {
  readonly sequences: readonly SequenceSummary[];
  /** Present if there may be others: continue with it as `after`. */
  readonly next?: FileMarker;
}

const MAX_DEPTH = 1_000;
const MAX_HEADS = 10;

/**
 * Sequences that have queued files, or with the status `blocked`, those with a blocked file. Neither reads files that
 * ended.
 *
 * @param deadline no sequence is read after this time; milliseconds since 1970
 */
export async function listSequences(
  store: DispatchStore,
  request: SequencesRequest,
  deadline: number,
): Promise<SequencePage> {
  const pauses = await store.pauses();
  const sequences = new Map<string, SequenceSummary>();
  let next: FileMarker | undefined;
  for await (const marker of candidates(store, request)) {
    if (sequences.size === request.limit || (next !== undefined && Date.now() > deadline)) {
      return { sequences: [...sequences.values()], ...(next && { next }) };
    }
    next = marker;
    if (marker.sequence !== undefined && !sequences.has(marker.sequence)) {
      sequences.set(marker.sequence, await describe(store, marker.sequence, pauses));
    }
  }
  return { sequences: [...sequences.values()] };
}

async function* candidates(
  store: DispatchStore,
  { type, status, after }: SequencesRequest,
): AsyncGenerator<FileMarker> {
  if (status === 'queued') {
    for await (const { sequence, first } of store.backlog(after?.sequence, true)) {
      if (type === undefined || typeOf(sequence) === type) {
        yield { sequence, order: '', id: first };
      }
    }
    return;
  }
  const from = after && { type: typeOf(after.sequence ?? ''), order: after.order, id: after.id };
  for await (const { id } of store.listFailed('blocked', type, from)) {
    const file = await store.file(id);
    // A type that runs in parallel without a limit has no sequence
    if (file?.status === 'blocked' && file.sequence !== undefined) {
      yield { sequence: file.sequence, order: file.order, id };
    }
  }
}

/** One sequence, and the first files of its queue. */
export async function showSequence(
  store: DispatchStore,
  sequence: string,
  limit: number,
): Promise<SequenceSummary & { readonly files: readonly SequenceFile[] }> {
  const summary = await describe(store, sequence, await store.pauses());
  const queue = await store.queued(sequence, limit);
  return { ...summary, files: await filesOf(store, queue) };
}

async function describe(
  store: DispatchStore,
  sequence: string,
  pauses: PauseRow | undefined,
): Promise<SequenceSummary> {
  const [heads, queue] = await Promise.all([store.heads(sequence), store.queued(sequence, MAX_DEPTH + 1)]);
  const holders = heads.flatMap(({ holder }) => (holder === undefined ? [] : [{ id: holder }])).slice(0, MAX_HEADS);
  const [holding, [first]] = await Promise.all([filesOf(store, holders), filesOf(store, queue.slice(0, 1))]);
  return {
    sequence,
    heads: holding,
    queued: Math.min(queue.length, MAX_DEPTH),
    more: queue.length > MAX_DEPTH,
    ...(queue.length > 0 && { first }),
    paused: isPaused(pauses, queue.at(0) ?? { type: typeOf(sequence), sequence, slots: heads.length }),
  };
}

async function filesOf(store: DispatchStore, which: readonly Pick<FileRow, 'id'>[]): Promise<SequenceFile[]> {
  const rows = await Promise.all(which.map(({ id }) => store.file(id)));
  return rows.flatMap((row) => (row === undefined ? [] : [summaryOf(row)]));
}

function summaryOf(row: FileRow): SequenceFile {
  const { id, type, status, attempts, reason, registeredAt, updatedAt, notBefore, object } = row;
  return {
    id,
    type,
    status,
    attempts,
    registeredAt,
    updatedAt,
    bucket: object.bucket,
    key: object.key,
    ...(reason !== undefined && { reason }),
    ...(notBefore !== undefined && { notBefore }),
  };
}
