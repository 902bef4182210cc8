import { type Engine, type EngineName, engines } from './support/engines';
import { MemoryStore } from './support/memory-store';
import {
  type Case,
  claimCases,
  fileCases,
  groupingCases,
  keyCases,
  NOW,
  pauseCases,
  placeCases,
  timerCases,
} from './support/small-states';
import { expected, rules } from '../../../models/guards/expected.ts';
import { type Rule } from '../../../models/guards/rule.ts';
import { decide, type DispatchStore, type FileRow, type Write } from '../../../src/runtime/dispatch/index.js';

/** For each rule that writes, the first case with each set of conditions on rows. */
function samples(): Case[] {
  const found = new Map<string, Case>();
  for (const cases of [fileCases, timerCases, claimCases, keyCases, placeCases, pauseCases, groupingCases]) {
    for (const one of cases()) {
      const { rules: matching, writes } = expected(one.state, one.event, NOW);
      const name = `${rules.indexOf(matching.at(0) as Rule)} ${writes.map(conditionOf).join(' ')}`;
      if (writes.length > 0 && !found.has(name) && isStorable(one)) {
        found.set(name, one);
      }
    }
  }
  return [...found.values()];
}

/** Only files of a sequence are queued. */
const isStorable = ({ state: { file, queued, latest } }: Case) =>
  [file, queued, latest].every((row) => row?.status !== 'queued' || row.sequence !== undefined);

/** The kind of row that a write is conditional on, and what must be there. */
function conditionOf(write: Write): string {
  const known = write.kind === 'update' || (write.kind !== 'insert' && write.seen !== undefined);
  const holder = write.kind === 'head' && write.seen?.holder !== undefined ? ' held' : '';
  return `${write.kind}${known ? ' seen' : ''}${holder}${write.kind === 'head' && !write.change ? ' check' : ''}`;
}

const NAMES = new Set(['id', 'holder', 'file', 'sequence', 'limit', 'key']);

/** The same rows under names of their own, so that one table serves every case. */
function renamed<T>(value: T, suffix: string): T {
  if (Array.isArray(value)) {
    return value.map((one: unknown) => renamed(one, suffix)) as T;
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      NAMES.has(name) && typeof field === 'string' ? `${field}${suffix}` : renamed<unknown>(field, suffix),
    ]),
  ) as T;
}

/** Makes the rows that the writes are conditional on, as they were read. */
function seeds({ state }: Case, writes: readonly Write[]): Write[] {
  return writes.flatMap((write): Write[] => {
    switch (write.kind) {
      case 'insert':
        return [];
      case 'update': {
        const rows = [state.file, state.queued as FileRow | undefined, state.latest];
        const row = rows.find((one) => one?.id === write.file.id);
        return row === undefined ? [] : [{ kind: 'insert', row }];
      }
      case 'head':
        return write.seen === undefined ? [] : [{ ...write, seen: undefined, change: write.seen }];
      case 'key':
        return write.seen === undefined || state.key === undefined ? [] : [{ kind: 'key', row: state.key }];
      case 'pause':
        return write.seen === undefined || state.pauses === undefined ? [] : [{ kind: 'pause', row: state.pauses }];
    }
  });
}

/** What another process may commit between the read and the write. */
function races(write: Write): [string, Write][] {
  switch (write.kind) {
    case 'insert':
      return [['was registered', write]];
    case 'update': {
      const { file } = write;
      const status = file.status === 'queued' ? 'skipped' : file.status;
      return [['was updated', { kind: 'update', file, change: { status, updatedAt: NOW } }]];
    }
    case 'head': {
      const { seen } = write;
      return seen === undefined
        ? [['was made', { ...write, change: { version: 1 } }]]
        : [
            ['has a new version', { ...write, change: { version: seen.version + 1 } }],
            ['has another holder', { ...write, change: { holder: 'another' } }],
            ...(seen.holder === undefined
              ? []
              : ([['was freed', { ...write, change: { holder: undefined } }]] satisfies [string, Write][])),
          ];
    }
    case 'key':
    case 'pause':
      return [[write.seen === undefined ? 'was made' : 'has a new version', write]];
  }
}

/** Every row that the writes are about. */
const rowsOf = (store: DispatchStore, writes: readonly Write[]) =>
  Promise.all(
    writes.map(async (write) => {
      switch (write.kind) {
        case 'insert':
          return [await store.file(write.row.id), await queueOf(store, write.row.sequence)];
        case 'update':
          return [await store.file(write.file.id), await queueOf(store, write.file.sequence)];
        case 'head':
          return store.heads(write.sequence);
        case 'key':
          return store.key(write.row.bucket, write.row.key);
        case 'pause':
          return store.pauses();
      }
    }),
  );
const queueOf = async (store: DispatchStore, sequence: string | undefined) =>
  sequence === undefined ? [] : (await store.queued(sequence, 9)).map(({ id }) => id);

const all = samples();

test('every rule that writes has a sample', () => {
  const covered = new Set(all.flatMap(({ state, event }) => expected(state, event, NOW).rules));
  const missing = rules.filter(({ outcome, effects }) => outcome === 'changed' && effects.length > 0);
  expect(missing.filter((rule) => !covered.has(rule)).map(({ event, from }) => ({ event, from }))).toEqual([]);
});

describe.each(Object.keys(engines) as EngineName[])('%s', (name) => {
  let engine: Engine;
  let store: DispatchStore;
  let samplesDone = 0;
  beforeAll(async () => {
    engine = await engines[name]();
    store = await engine.emptyStore();
  }, 600_000);
  afterAll(async () => engine.stop());

  /** The rows and the writes of a case, in a store that has them; pauses have one row in a store. */
  async function prepared(one: Case): Promise<{ writes: readonly Write[]; start: readonly Write[] }> {
    const own = renamed(one, `-${samplesDone++}`);
    const { writes } = decide(own.state, own.event, NOW);
    const start = seeds(own, writes);
    if (writes.some(({ kind }) => kind === 'pause')) {
      store = await engine.emptyStore();
    }
    for (const seed of start) {
      expect(await store.commit([seed])).toBe(true);
    }
    return { writes, start };
  }

  test('commits a decision on the rows that were read, with the rows of the reference', async () => {
    for (const one of all) {
      const { writes, start } = await prepared(one);
      const reference = new MemoryStore();
      for (const seed of start) {
        await reference.commit([seed]);
      }
      expect(await store.commit(writes)).toBe(await reference.commit(writes));
      expect(await rowsOf(store, writes)).toEqual(await rowsOf(reference, writes));
    }
  }, 300_000);

  test('refuses it once any of these rows has changed, and changes nothing', async () => {
    for (const one of all) {
      const conditions = decide(one.state, one.event, NOW).writes.length;
      for (let at = 0; at < conditions; at += 1) {
        const kinds = races(decide(one.state, one.event, NOW).writes[at]).length;
        for (let kind = 0; kind < kinds; kind += 1) {
          const { writes } = await prepared(one);
          const [what, race] = races(writes[at])[kind];
          expect(await store.commit([race])).toBe(true);
          const before = await rowsOf(store, writes);
          const committed = await store.commit(writes);
          expect({ event: one.event.type, row: writes[at].kind, what, committed }).toEqual(
            expect.objectContaining({ committed: false }),
          );
          expect(await rowsOf(store, writes)).toEqual(before);
        }
      }
    }
  }, 600_000);
});
