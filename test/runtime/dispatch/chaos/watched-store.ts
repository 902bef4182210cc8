import { setTimeout as delay } from 'node:timers/promises';
import { type FastClock } from './fast-clock';
import { type Faults } from './faults';
import { type History } from './history';
import { type Random } from './random';
import { type DispatchStore, type Write } from '../../../../src/runtime/dispatch/index.js';

/** The dispatcher died here. */
export class Crash extends Error {}

export interface WatchedStoreOptions {
  readonly store: DispatchStore;
  readonly history: History;
  /** Called with the duration of each call. */
  readonly time: FastClock;
  /** Absent: this client does not die. */
  readonly dies?: { readonly random: Random; readonly faults: Faults };
  /** Mutant: a claim takes any version of the head. */
  readonly anyVersion?: boolean;
}

/** What one client sees of the store; writes down what it commits, and may kill its client before any call. */
export function watched({ store, history, time, dies, anyVersion = false }: WatchedStoreOptions): DispatchStore {
  let queueRead: number | undefined;
  const before = async () => {
    if (dies?.random.chance(dies.faults.crash) === true) {
      throw new Crash();
    }
    if (dies?.random.chance(dies.faults.pause) === true) {
      await delay(dies.faults.pauseMs);
    }
  };
  const call = async <T>(action: () => Promise<T>): Promise<T> => {
    await before();
    const asked = performance.now();
    try {
      return await action();
    } finally {
      time.answered(performance.now() - asked);
    }
  };
  return {
    file: (id) => call(() => store.file(id)),
    heads: (sequence) => call(() => store.heads(sequence)),
    key: (bucket, key) => call(() => store.key(bucket, key)),
    pauses: () => call(() => store.pauses()),
    queued: (sequence, limit, after) =>
      call(() => {
        queueRead = history.stamp();
        return store.queued(sequence, limit, after);
      }),
    lastQueued: (sequence) => call(() => store.lastQueued(sequence)),
    dueFiles: (now) => store.dueFiles(now),
    listFailed: (...which) => store.listFailed(...which),
    backlog: (...from) => store.backlog(...from),
    commit: (writes) =>
      call(async () => {
        const read = queueRead;
        const given = anyVersion ? await withCurrentVersions(store, writes) : writes;
        const from = history.stamp();
        const committed = await store.commit(given);
        if (committed) {
          history.committed(from, given, read);
        }
        return committed;
      }),
  };
}

async function withCurrentVersions(store: DispatchStore, writes: readonly Write[]): Promise<readonly Write[]> {
  return Promise.all(
    writes.map(async (write) => {
      if (write.kind !== 'head' || write.change?.holder === undefined) {
        return write;
      }
      const head = (await store.heads(write.sequence)).find(({ slot }) => slot === write.slot);
      return head === undefined ? write : { ...write, seen: { version: head.version } };
    }),
  );
}
