import { setImmediate } from 'node:timers/promises';
import {
  type DispatchStore,
  type FailedFile,
  type FileRow,
  type HeadRow,
  type KeyRow,
  type PauseRow,
  type QueuedFile,
  type QueuePosition,
  type Write,
} from '../../../../src/runtime/dispatch/index.js';

type Yield = () => Promise<unknown>;

/**
 * The protocol's store as its interface says it, in memory. Every call gives way first, so that others come in between.
 */
export class MemoryStore implements DispatchStore {
  readonly files = new Map<string, FileRow>();
  readonly headRows = new Map<string, HeadRow>();
  #pauses: PauseRow | undefined;
  readonly #keys = new Map<string, KeyRow>();

  constructor(
    readonly giveWay: Yield = () => setImmediate(),
    readonly onCommit: () => void = () => undefined,
  ) {}

  async file(id: string) {
    await this.giveWay();
    return this.files.get(id);
  }

  async heads(sequence: string) {
    await this.giveWay();
    return [...this.headRows.values()].filter((head) => head.sequence === sequence);
  }

  async key(bucket: string, key: string) {
    await this.giveWay();
    return this.#keys.get(`${bucket}/${key}`);
  }

  async pauses() {
    await this.giveWay();
    return this.#pauses;
  }

  async queued(sequence: string, limit: number, after?: QueuePosition): Promise<readonly QueuedFile[]> {
    await this.giveWay();
    return this.#queue(sequence)
      .filter((file) => after === undefined || behind(file, after))
      .slice(0, limit);
  }

  async lastQueued(sequence: string) {
    await this.giveWay();
    return this.#queue(sequence).at(-1)?.order;
  }

  async commit(writes: readonly Write[]) {
    await this.giveWay();
    if (!writes.every((write) => this.#holds(write))) {
      return false;
    }
    writes.forEach((write) => this.#write(write));
    this.onCommit();
    return true;
  }

  async *dueFiles(now: number) {
    await this.giveWay();
    for (const { id, status, dueAt } of [...this.files.values()]) {
      if (
        (status === 'starting' || status === 'running' || status === 'waiting') &&
        dueAt !== undefined &&
        dueAt <= now
      ) {
        yield id;
      }
    }
  }

  async *listFailed(status: FileRow['status'], type?: string, after?: FailedFile & QueuePosition) {
    await this.giveWay();
    yield* [...this.files.values()]
      .filter((file) => file.status === status && (type === undefined || file.type === type))
      .sort((a, b) => compare(a.type, b.type) || compare(a.order, b.order) || compare(a.id, b.id))
      .filter(
        (file) => after === undefined || file.type > after.type || (file.type === after.type && behind(file, after)),
      );
  }

  async *backlog(after?: string, toEnd = false) {
    await this.giveWay();
    const sequences = new Set(
      [...this.files.values()].flatMap(({ status, sequence }) =>
        status === 'queued' && sequence !== undefined ? [sequence] : [],
      ),
    );
    const follows = (sequence: string) => after === undefined || sequence > after;
    const circle = [...sequences].sort();
    const rest = toEnd ? [] : circle.filter((one) => !follows(one));
    for (const sequence of [...circle.filter(follows), ...rest]) {
      const first = this.#queue(sequence).at(0);
      if (first) {
        yield { sequence, first: first.id };
      }
    }
  }

  #queue(sequence: string): FileRow[] {
    return [...this.files.values()]
      .filter((file) => file.sequence === sequence && file.status === 'queued')
      .sort((a, b) => compare(a.order, b.order) || compare(a.id, b.id));
  }

  #holds(write: Write): boolean {
    switch (write.kind) {
      case 'insert':
        return !this.files.has(write.row.id);
      case 'update':
        return this.files.get(write.file.id)?.rev === write.file.rev;
      case 'head': {
        const head = this.headRows.get(`${write.sequence}#${write.slot}`);
        return head === undefined
          ? write.seen === undefined
          : head.version === write.seen?.version && head.holder === write.seen.holder;
      }
      case 'key':
        return this.#keys.get(`${write.row.bucket}/${write.row.key}`)?.version === write.seen;
      case 'pause':
        return this.#pauses?.version === write.seen;
    }
  }

  #write(write: Write): void {
    if (write.kind === 'insert') {
      this.files.set(write.row.id, write.row);
    }
    if (write.kind === 'key') {
      this.#keys.set(`${write.row.bucket}/${write.row.key}`, write.row);
    }
    if (write.kind === 'pause') {
      this.#pauses = write.row;
    }
    if (write.kind === 'update') {
      const before = this.files.get(write.file.id)!;
      this.files.set(before.id, defined({ ...before, ...write.change, rev: before.rev + 1 }) as FileRow);
    }
    if (write.kind === 'head' && write.change) {
      const { sequence, slot } = write;
      const before = this.headRows.get(`${sequence}#${slot}`) ?? { sequence, slot, version: 0, appended: 0 };
      this.headRows.set(`${sequence}#${slot}`, defined({ ...before, ...write.change }) as HeadRow);
    }
  }
}

const behind = (file: QueuePosition, after: QueuePosition) =>
  (compare(file.order, after.order) || compare(file.id, after.id)) > 0;
const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
const defined = (row: object) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
