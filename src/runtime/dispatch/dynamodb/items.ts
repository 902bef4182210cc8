import { createHash } from 'node:crypto';
import { type FileRow, type FileStatus, holdsSlot, isTerminal, type QueuedFile } from '../rows.js';

/**
 * The single table.
 *
 * | item  | pk                 | sk               | exists                        |
 * | ----- | ------------------ | ---------------- | ----------------------------- |
 * | file  | `F#<id>`           | `F`              | from arrival to its expiry    |
 * | queue | `S#<sequence>`     | `Q#<order>#<id>` | exactly while a file is queued |
 * | head  | `S#<sequence>`     | `H#<slot>`       | from the first claim, for ever |
 * | key   | `K#<bucket>/<key>` | `K`              | where only the latest version counts |
 * | pause | `P`                | `P`              | from the first pause on       |
 *
 * The sparse index `due` tells the sweeper where to look: files that hold a slot by `dueAt`, queue items by sequence.
 * The sparse index
 * `trouble` lists what an operator looks for: files that wait, are blocked or parked. Neither ever decides anything.
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
/** `#` sorts before every character of an order: the shorter of two orders comes first, as in a comparison of text. */
export const queueKey = (sequence: string, { order, id }: Pick<QueuedFile, 'order' | 'id'>) => ({
  pk: `S#${sequence}`,
  sk: `Q#${order}#${id}`,
});

export const duePk = (shard: number) => `DUE#${shard}`;
export const shardOf = (text: string) => createHash('sha256').update(text).digest()[0] % DUE_SHARDS;
export const dueSk = (dueAt: number) => `D#${String(dueAt).padStart(15, '0')}`;
/** Sorted by sequence, so that the sweeper can step from one to the next however long their queues are. */
export const backlogSk = (sequence: string, rest: string) => `Q#${sequence}#${rest}`;

const troubled: ReadonlySet<FileStatus> = new Set(['waiting', 'blocked', 'parked']);
/**
 * One partition for each status, because nobody knows which types once were: few files are in trouble, and no more than
 * were launched.
 */
export const troubleSk = (type: string, rest: string) => `${type}#${rest}`;

export function queueItem(sequence: string, file: QueuedFile) {
  const { id, type, slots, order, rev, epoch, attempts, notBefore } = file;
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
    duePk: duePk(shardOf(sequence)),
    dueSk: backlogSk(sequence, `${order}#${id}`),
  };
}

/** Attributes of a file that only the indexes and the expiry need; `undefined` where it is in none of them. */
export function derived(
  file: Pick<FileRow, 'id' | 'status' | 'type' | 'order' | 'dueAt' | 'updatedAt'>,
  retentionSeconds: number,
) {
  const due = holdsSlot(file.status) && file.dueAt !== undefined;
  const trouble = troubled.has(file.status);
  return {
    duePk: due ? duePk(shardOf(file.id)) : undefined,
    dueSk: due ? `${dueSk(file.dueAt)}#${file.id}` : undefined,
    troublePk: trouble ? file.status : undefined,
    troubleSk: trouble ? troubleSk(file.type, file.order) : undefined,
    // A parked file waits for a person, who may take his time
    expiresAt:
      isTerminal(file.status) && file.status !== 'parked'
        ? Math.ceil(file.updatedAt / 1_000) + retentionSeconds
        : undefined,
  };
}

const tableOnly: ReadonlySet<string> = new Set(['pk', 'sk', 'duePk', 'dueSk', 'troublePk', 'troubleSk', 'expiresAt']);

/** A row as the protocol knows it, without what only keys, indexes and expiry need. */
export function toRow(item: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !tableOnly.has(name)));
}
