import type { FileRow, FileStatus, QueuedFile } from '../../runtime/dispatch/rows';
import type { DispatchStore, QueuePosition } from '../../runtime/dispatch/store';
import type { FileMarker, OperatorRequest } from './request';

type ListRequest = Extract<OperatorRequest, { action: 'list' }>;

/** Files of a page, in an order that does not change while pages are read. */
export interface FilePage {
  readonly files: readonly FileRow[];
  /** True if there may be others. */
  readonly more: boolean;
  /** Present if there may be others: continue with it as `after`. */
  readonly next?: FileMarker;
}

/** Upper bound of the due time of a file that holds a slot. */
const FAR = 366 * 86_400_000;
const QUEUE_PAGE = 100;

/**
 * Files of a type in a status. Candidates from the indexes are verified with their rows. Only files that are not
 * completed are in these indexes, so that a page costs the same whatever the number of completed files.
 *
 * @param deadline no candidate is read after this time; milliseconds since 1970
 */
export async function listFiles(
  store: DispatchStore,
  request: ListRequest,
  now: number,
  deadline: number,
): Promise<FilePage> {
  const { type, status, sequence, limit } = request;
  const files: FileRow[] = [];
  let last = request.after;
  for await (const id of candidates(store, request, now)) {
    if (files.length === limit || (last !== undefined && Date.now() > deadline)) {
      return { files, more: true, ...(last && { next: last }) };
    }
    const file = await store.file(id);
    if (file?.type !== type || file.status !== status) {
      continue;
    }
    last = markerOf(file);
    if (sequence === undefined || file.sequence === sequence) {
      files.push(file);
    }
  }
  return { files, more: false };
}

async function* candidates(store: DispatchStore, request: ListRequest, now: number): AsyncGenerator<string> {
  const { type, status, sequence, after } = request;
  if (status === 'waiting' || status === 'blocked' || status === 'parked') {
    for await (const { id } of store.listFailed(status, type, after && { type, ...after })) {
      yield id;
    }
  } else if (status === 'starting' || status === 'running') {
    yield* await launched(store, now, after);
  } else {
    for await (const name of sequence === undefined ? waitingSequences(store, type, after) : [sequence]) {
      yield* queueOf(store, name, name === after?.sequence ? after : undefined);
    }
  }
}

/** The due time of a file that runs changes with each heartbeat; its id does not. */
async function launched(store: DispatchStore, now: number, after: FileMarker | undefined): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of store.dueFiles(now + FAR)) {
    if (after === undefined || id > after.id) {
      ids.push(id);
    }
  }
  return [...new Set(ids)].sort();
}

/** The sequence of the marker first, because its queue may have more files. */
async function* waitingSequences(
  store: DispatchStore,
  type: string,
  after: FileMarker | undefined,
): AsyncGenerator<string> {
  if (after?.sequence !== undefined) {
    yield after.sequence;
  }
  for await (const { sequence } of store.backlog(after?.sequence, true)) {
    if (typeOf(sequence) === type) {
      yield sequence;
    }
  }
}

async function* queueOf(
  store: DispatchStore,
  sequence: string,
  after: QueuePosition | undefined,
): AsyncGenerator<string> {
  for (let last = after; ;) {
    const files: readonly QueuedFile[] = await store.queued(sequence, QUEUE_PAGE, last);
    yield* files.map(({ id }) => id);
    last = files.at(-1);
    if (last === undefined) {
      return;
    }
  }
}

const markerOf = ({ sequence, order, id }: FileRow): FileMarker => ({
  order,
  id,
  ...(sequence !== undefined && { sequence }),
});

/** The name of a sequence begins with its type. */
export const typeOf = (sequence: string): string => sequence.split('/', 1)[0] ?? '';

/** Summary of a file for the audit log. */
export function summaryOf(file: FileRow | undefined): { status: FileStatus | 'absent'; [more: string]: unknown } {
  if (file === undefined) {
    return { status: 'absent' };
  }
  const { status, type, sequence, attempts, epoch, reason } = file;
  return { status, type, sequence, attempts, epoch, reason };
}
