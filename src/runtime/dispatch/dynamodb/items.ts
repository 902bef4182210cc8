import { createHash } from 'node:crypto';
import { type FileRow, type FileStatus, holdsSlot, isTerminal, type QueuedFile } from '../rows.js';

/**
 * The single table design.
 *
 * | item  | pk                 | sk               | exists                        |
 * | ----- | ------------------ | ---------------- | ----------------------------- |
 * | file  | `F#<id>`           | `F`              | from arrival to its expiry    |
 * | queue | `S#<sequence>`     | `Q#<order>#<id>` | exactly while a file is queued |
 * | head  | `S#<sequence>`     | `H#<slot>`       | from the first claim on       |
 * | key   | `K#<bucket>/<key>` | `K`              | if only the latest version is processed |
 * | pause | `P`                | `P`              | from the first pause on       |
 *
 * The sparse index `due` is for the sweeper: files that hold a slot by `dueAt`, queue items by sequence. The sparse
 * index `trouble` lists waiting, blocked and parked files for operators. No decision depends on an index.
 */
export const indexes = { due: 'due', trouble: 'trouble' } as const;
export const DUE_SHARDS = 16;

export const fileKey = (id: string) => ({ pk: `F#${id}`, sk: 'F' });
export const headKey = (sequence: string, slot: number) => ({
  pk: `S#${sequence}`,
  sk: `H#${String(slot).padStart(6, '0')}`,
});
export const objectKey = (bucket: string, key: string) => ({ pk: `K#${bucket}/${key}`, sk: 'K' });
export const pauseKey = { pk: 'P', sk: 'P' } as const;
/** `#` sorts before every character of an order: the shorter of two orders comes first, as in a text comparison. */
export const queueKey = (sequence: string, { order, id }: Pick<QueuedFile, 'order' | 'id'>) => ({
  pk: `S#${sequence}`,
  sk: `Q#${order}#${id}`,
});

export const duePk = (shard: number) => `DUE#${shard}`;
export const shardOf = (text: string) => createHash('sha256').update(text).digest()[0] % DUE_SHARDS;
export const dueSk = (dueAt: number) => `D#${String(dueAt).padStart(15, '0')}`;
/** Sorted by sequence, so that the sweeper can skip from one sequence to the next regardless of queue lengths. */
export const backlogSk = (sequence: string, rest: string) => `Q#${sequence}#${rest}`.slice(0, MAX_SORT_KEY);
/**
 * The maximum of DynamoDB in bytes; names of sequences and orders are ASCII. The index needs only the start of an
 * order, for the age of the first file.
 */
const MAX_SORT_KEY = 1_024;

const failedStatuses: ReadonlySet<FileStatus> = new Set(['waiting', 'blocked', 'parked']);
/**
 * One partition for each status, because former types are unknown. Few files have one of these statuses, and never more
 * than were launched.
 */
export const failedSk = (type: string, rest: string) => `${type}#${rest}`;

export function queueItem(sequence: string, file: QueuedFile) {
  const { id, type, slots, order, rev, epoch, attempts, notBefore, fence, sequencePart } = file;
  const key = queueKey(sequence, file);
  return {
    ...key,
    id,
    type,
    slots,
    order,
    rev,
    epoch,
    attempts,
    notBefore,
    fence,
    sequencePart,
    duePk: duePk(shardOf(sequence)),
    dueSk: backlogSk(sequence, `${order}#${id}`),
  };
}

/** Attributes of a file for indexes and expiry only; `undefined` if they do not apply. */
export function derived(
  file: Pick<FileRow, 'id' | 'status' | 'type' | 'order' | 'dueAt' | 'updatedAt'>,
  retentionSeconds: number,
) {
  const due = holdsSlot(file.status) && file.dueAt !== undefined;
  const failed = failedStatuses.has(file.status);
  return {
    duePk: due ? duePk(shardOf(file.id)) : undefined,
    dueSk: due ? `${dueSk(file.dueAt)}#${file.id}` : undefined,
    troublePk: failed ? file.status : undefined,
    troubleSk: failed ? failedSk(file.type, file.order) : undefined,
    // A parked file waits for an operator and does not expire
    expiresAt:
      isTerminal(file.status) && file.status !== 'parked'
        ? Math.ceil(file.updatedAt / 1_000) + retentionSeconds
        : undefined,
  };
}

const tableOnly: ReadonlySet<string> = new Set(['pk', 'sk', 'duePk', 'dueSk', 'troublePk', 'troubleSk', 'expiresAt']);

/** A row without the attributes for keys, indexes and expiry. */
export function toRow(item: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !tableOnly.has(name)));
}
