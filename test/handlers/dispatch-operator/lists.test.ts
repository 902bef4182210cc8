import { listFiles } from '../../../src/handlers/dispatch-operator/files';
import { readRequest, type OperatorRequest } from '../../../src/handlers/dispatch-operator/request';
import { listSequences, showSequence } from '../../../src/handlers/dispatch-operator/sequences';
import type { DispatchStore, FileRow, FileStatus } from '../../../src/runtime/dispatch/index.js';
import { type Engine, type EngineName, engines } from '../../runtime/dispatch/support/engines';
import { fileIn } from '../../runtime/dispatch/support/rows';

type Request<Action extends OperatorRequest['action']> = Extract<OperatorRequest, { action: Action }>;

const FAR = Number.MAX_SAFE_INTEGER;
const request = <Action extends OperatorRequest['action']>(action: Action, fields: object) =>
  readRequest({ action, ...fields }, Date.now(), 89) as Request<Action>;
/** Orders differ in length and with the separator of keys. */
const ORDERS = ['1', '10', '2', '2+1', '2*x'];

describe.each(Object.keys(engines) as EngineName[])('lists on %s', (name) => {
  let engine: Engine;
  let store: DispatchStore;

  beforeAll(async () => {
    engine = await engines[name]();
  }, 600_000);
  afterAll(async () => engine.stop());
  beforeEach(async () => {
    store = await engine.emptyStore();
  });

  const insert = (status: FileStatus, more: Partial<FileRow>) =>
    store.commit([{ kind: 'insert', row: fileIn(status, { slot: undefined, ...more }) }]);
  /** All files, page by page; what happens between two pages does not repeat or leave out a file. */
  const paged = async (fields: object, limit: number, between: (seen: readonly string[]) => unknown = () => 0) => {
    const seen: string[] = [];
    for (let after: object | undefined, pages = 0; pages < 100; pages += 1) {
      const page = await listFiles(store, request('list', { ...fields, limit, ...(after && { after }) }), 10, FAR);
      expect(page.files.length).toBeLessThanOrEqual(limit);
      seen.push(...page.files.map(({ id }) => id));
      after = page.next;
      expect(page.more).toBe(after !== undefined);
      if (after === undefined) {
        return seen;
      }
      await between(seen);
    }
    throw new Error('pages without end');
  };

  test.each(['queued', 'waiting', 'blocked', 'parked', 'starting', 'running'] as const)(
    'pages of files that are %s have each file once, of one type and one sequence on demand',
    async (status) => {
      for (const [index, order] of ORDERS.entries()) {
        for (const type of ['A', 'B', 'AB']) {
          for (const part of ['x', 'y']) {
            const id = `${type}-${part}-${order}`;
            await insert(status, { id, type, sequence: `${type}/${part}`, order, slot: index, dueAt: 5 });
          }
        }
      }
      const ids = ORDERS.flatMap((order) => [`A-x-${order}`, `A-y-${order}`]);
      for (const limit of [1, 3, 10, 100]) {
        const seen = await paged({ type: 'A', status }, limit);
        expect(seen).toHaveLength(ids.length);
        expect(new Set(seen)).toEqual(new Set(ids));
        await expect(paged({ type: 'A', status, sequence: 'A/y' }, limit)).resolves.toHaveLength(ORDERS.length);
      }
    },
    120_000,
  );

  test('a page continues after a file that is no longer listed, and finds one that arrived meanwhile', async () => {
    for (const order of ['1', '2', '3']) {
      await insert('blocked', { id: order, order, sequence: `A/${order}` });
    }
    const removed = new Set<string>();
    const seen = await paged({ type: 'A', status: 'blocked' }, 1, async (listed) => {
      const last = listed.at(-1)!;
      if (!removed.has(last)) {
        removed.add(last);
        const file = (await store.file(last))!;
        await store.commit([{ kind: 'update', file, change: { status: 'skipped', updatedAt: 1 } }]);
        await insert('blocked', { id: `${last}b`, order: `${last}b`, sequence: `A/${last}b` });
      }
      if (removed.size > 6) {
        throw new Error('enough');
      }
    }).catch((error: unknown) => {
      expect(String(error)).toContain('enough');
      return [];
    });
    // Each replacement sorts after its predecessor, so that the list has no end until the test stops it
    expect(seen).toEqual([]);
    expect([...removed].slice(0, 4)).toEqual(['1', '1b', '1bb', '1bbb']);
  });

  test('sequences are listed with their heads and the depth of their queue, those that are blocked by themselves', async () => {
    for (const part of ['a', 'b', 'c', 'd', 'e']) {
      const sequence = `A/${part}`;
      await insert('queued', { id: `${part}-2`, order: '2', sequence, registeredAt: 20 });
      await insert('queued', { id: `${part}-1`, order: '1', sequence, registeredAt: 10 });
    }
    await insert('queued', { id: 'other', type: 'AB', sequence: 'AB', order: '1' });
    for (const part of ['b', 'f']) {
      const row = fileIn('blocked', { id: `${part}-0`, order: '0', sequence: `A/${part}`, reason: 'bad file' });
      await store.commit([
        { kind: 'insert', row },
        { kind: 'head', sequence: `A/${part}`, slot: 0, change: { version: 5, holder: row.id } },
      ]);
    }
    await insert('blocked', { id: 'alone', sequence: undefined, order: '0' });

    const listed = async (fields: object, limit: number) => {
      const found: string[] = [];
      for (let after: object | undefined, pages = 0; pages < 20; pages += 1) {
        const page = await listSequences(
          store,
          request('sequences', { ...fields, limit, ...(after && { after }) }),
          FAR,
        );
        found.push(...page.sequences.map(({ sequence }) => sequence));
        after = page.next;
        if (after === undefined) {
          return found.sort();
        }
      }
      throw new Error('pages without end');
    };
    for (const limit of [1, 2, 100]) {
      await expect(listed({ type: 'A', status: 'queued' }, limit)).resolves.toEqual(
        ['a', 'b', 'c', 'd', 'e'].map((part) => `A/${part}`),
      );
      await expect(listed({ status: 'queued' }, limit)).resolves.toHaveLength(6);
      await expect(listed({ status: 'blocked' }, limit)).resolves.toEqual(['A/b', 'A/f']);
    }
    await store.commit([
      { kind: 'pause', row: { version: 1, scopes: { 'A/b': { since: 0, reason: 'maintenance' } } } },
    ]);
    const { sequences } = await listSequences(store, request('sequences', { status: 'blocked', limit: 1 }), FAR);
    expect(sequences).toEqual([
      expect.objectContaining({
        sequence: 'A/b',
        heads: [expect.objectContaining({ id: 'b-0', status: 'blocked', reason: 'bad file', key: 'a/one.csv' })],
        queued: 2,
        more: false,
        first: expect.objectContaining({ id: 'b-1', registeredAt: 10 }),
        paused: true,
      }),
    ]);
    await expect(showSequence(store, 'A/b', 1)).resolves.toMatchObject({
      queued: 2,
      files: [{ id: 'b-1', status: 'queued' }],
    });
    await expect(showSequence(store, 'A/f', 10)).resolves.toMatchObject({
      heads: [{ id: 'f-0' }],
      queued: 0,
      files: [],
      paused: false,
    });
  });

  test('a list that has no more time continues where it ended', async () => {
    for (const id of ['1', '2', '3']) {
      await insert('parked', { id, order: id, sequence: 'A/x' });
    }
    const page = await listFiles(store, request('list', { type: 'A', status: 'parked', sequence: 'A/none' }), 0, 0);
    expect(page).toEqual({ files: [], more: true, next: { sequence: 'A/x', order: '1', id: '1' } });
  });
});

test.each([
  [{ action: 'sequences', status: 'parked' }, /status must be one of blocked, queued, got: parked/],
  [{ action: 'sequences', status: 'queued', limit: 101 }, /limit must be a whole number from 1 to 100, got: 101/],
  [{ action: 'sequence' }, /sequence must be text of 1 to 1,024 characters/],
  [{ action: 'list', type: 'A', status: 'queued', after: 'x' }, /after must be the next of a previous response/],
  [
    { action: 'list', type: 'A', status: 'queued', after: { id: 'x' } },
    /after must be the next of a previous response/,
  ],
])('the request %j is refused', (input, message) => {
  expect(() => readRequest(input, Date.now(), 89)).toThrow(message);
});
