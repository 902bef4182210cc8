import type { FileRow, FileStatus } from '../../runtime/dispatch/rows';
import type { DispatchStore } from '../../runtime/dispatch/store';
import type { OperatorRequest } from './request';

type ListRequest = Extract<OperatorRequest, { action: 'list' }>;

/** Upper bound of the due time of a file that holds a slot. */
const FAR = 366 * 86_400_000;

/**
 * Files of a type in a status; `more` is true if there are more than the limit. Candidates from the indexes are
 * verified with their rows.
 */
export async function listFiles(
  store: DispatchStore,
  request: ListRequest,
  now: number,
): Promise<{ files: FileRow[]; more: boolean }> {
  const { type, status, limit } = request;
  const files: FileRow[] = [];
  for await (const id of candidates(store, request, now)) {
    const file = await store.file(id);
    if (file?.type !== type || file.status !== status) {
      continue;
    }
    if (files.length === limit) {
      return { files, more: true };
    }
    files.push(file);
  }
  return { files, more: false };
}

async function* candidates(
  store: DispatchStore,
  { type, status, limit }: ListRequest,
  now: number,
): AsyncGenerator<string> {
  if (status === 'waiting' || status === 'blocked' || status === 'parked') {
    for await (const { id } of store.listFailed(status, type)) {
      yield id;
    }
  } else if (status === 'starting' || status === 'running') {
    yield* store.dueFiles(now + FAR);
  } else {
    for await (const { sequence } of store.backlog()) {
      if (typeOf(sequence) !== type) {
        continue;
      }
      for (const { id } of await store.queued(sequence, limit + 1)) {
        yield id;
      }
    }
  }
}

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
