import { type Engine, type EngineName, engines } from './support/engines';
import { arrival, fileIn, policy } from './support/rows';
import {
  decide,
  type DispatchStore,
  Dispatcher,
  FileTask,
  type Limits,
  NotMyTurn,
  TurnLost,
  type Write,
} from '../../../src/runtime/dispatch/index.js';
import { SweepPosition } from '../../../src/runtime/dispatch/sweep-position.js';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
  }
  return found;
}

const NAMES = Object.keys(engines) as EngineName[];

describe.each(NAMES)('store on %s', (name) => {
  let engine: Engine;
  let store: DispatchStore;
  let dispatcher: Dispatcher;
  const woken: string[] = [];
  const wake = (id: string) => {
    woken.push(id);
    return Promise.resolve();
  };

  beforeAll(async () => {
    engine = await engines[name]();
  }, 600_000);
  afterAll(async () => engine.stop());
  beforeEach(async () => {
    store = await engine.emptyStore();
    woken.length = 0;
    dispatcher = new Dispatcher({ store, wake });
  });

  const begin = (fileId: string, epoch = 1, worker = `task-of-${fileId}-${epoch}`) =>
    FileTask.begin({ store, fileId, epoch, worker });

  test('files of a sequence take turns in their order', async () => {
    for (const id of ['2', '3', '1']) {
      await dispatcher.register(arrival(id));
    }

    const first = await begin('2');
    await expect(store.queued('A', 10)).resolves.toMatchObject([{ id: '1' }, { id: '3' }]);
    await first.complete({ rows: 7 });
    await dispatcher.drive('A');

    expect(await store.file('2')).toMatchObject({ status: 'completed', result: { rows: 7 } });
    expect(await store.file('1')).toMatchObject({ status: 'starting', epoch: 1, attempts: 1, fence: 2 });
    expect(await store.file('3')).toMatchObject({ status: 'queued' });
    expect(woken).toEqual(['2', '1']);
  });

  test('the last ten attempts of a file are in its row, with their tasks, logs, times and reasons', async () => {
    await dispatcher.register(arrival('1', { policy: { ...policy, maxAttempts: 20, backoffMs: 1, maxBackoffMs: 1 } }));
    for (let epoch = 1; epoch <= 11; epoch += 1) {
      const task = await FileTask.begin({
        store,
        fileId: '1',
        epoch,
        worker: `arn:task/${epoch}`,
        ...(epoch !== 10 && { log: `region:group:stream-${epoch}` }),
        now: () => epoch * 1_000,
      });
      await (epoch === 9 ? task.interrupt('Spot') : task.fail(new Error(`${epoch} ${'x'.repeat(2_000)}`)));
      await store.commit(decide({ file: (await store.file('1'))! }, { type: 'retry' }, Date.now()).writes);
    }
    const { lastAttempts = [], ...file } = (await store.file('1'))!;
    expect(lastAttempts.map(({ epoch }) => epoch)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(lastAttempts.slice(-3)).toEqual([
      {
        epoch: 9,
        outcome: 'interrupted',
        worker: 'arn:task/9',
        log: 'region:group:stream-9',
        beganAt: 9_000,
        endedAt: 9_000,
        reason: 'Spot',
      },
      // Not the log of the attempt before
      {
        epoch: 10,
        outcome: 'failed',
        worker: 'arn:task/10',
        beganAt: 10_000,
        endedAt: 10_000,
        reason: expect.stringMatching(/^Error: 10 x+$/),
      },
      expect.objectContaining({ epoch: 11, log: 'region:group:stream-11' }),
    ]);
    expect(Buffer.byteLength(JSON.stringify(lastAttempts))).toBeLessThan(6_000);
    expect(file).toMatchObject({ status: 'starting', epoch: 12, attempts: 11 });
    expect(file.log).toBeUndefined();
    await (await begin('1', 12)).complete();
    expect((await store.file('1'))?.lastAttempts).toHaveLength(10);
  });

  test.each([
    ['of a sequence', { sequence: 'A' }],
    ['without one', { sequence: undefined }],
  ])('a completed file %s is processed again, with greater tokens; its first worker has no say', async (_, more) => {
    await dispatcher.register(arrival('1', more));
    const first = await begin('1');
    await first.complete({ rows: 1 });
    await dispatcher.register(arrival('2', more));
    await (await begin('2')).complete();
    await dispatcher.register(arrival('3', more));

    await expect(dispatcher.apply('3', { type: 'reprocess', reason: 'x' })).resolves.toBe('refused');
    await expect(dispatcher.apply('1', { type: 'reprocess', reason: 'wrong currency' })).resolves.toBe('changed');
    await expect(dispatcher.apply('1', { type: 'reprocess', reason: 'again' })).resolves.toBe('refused');
    if (more.sequence !== undefined) {
      // The file that runs ends first, and the one that is processed again comes before later ones
      await dispatcher.register(arrival('4', more));
      expect((await store.file('1'))?.status).toBe('queued');
      await (await begin('3')).complete();
      await dispatcher.advanceFile('3');
    }
    const late = { type: 'complete', epoch: 1, worker: 'task-of-1-1' } as const;
    await expect(dispatcher.apply('1', late)).resolves.toBe('refused');
    await expect(begin('1', 1)).rejects.toThrow(NotMyTurn);
    const second = await begin('1', 2);
    expect(second.attempt).toBe(1);
    expect(second.fence).toBeGreaterThan(first.fence);
    // Until it is completed again, the row has the result of the first time
    expect(await store.file('1')).toMatchObject({ status: 'running', result: { rows: 1 } });
    await second.complete({ rows: 2 });
    expect(await store.file('1')).toMatchObject({
      status: 'completed',
      result: { rows: 2 },
      attempts: 1,
      epoch: 2,
      lastAttempts: [{ epoch: 1, outcome: 'completed', worker: 'task-of-1-1', reason: 'wrong currency' }],
    });
  });

  test('a file is registered once however often it is delivered', async () => {
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => dispatcher.register(arrival('1'))));
    expect(outcomes.filter((outcome) => outcome === 'changed')).toHaveLength(1);
    expect(await store.file('1')).toMatchObject({ status: 'starting', epoch: 1 });
  });

  test('of many claims one succeeds', async () => {
    await dispatcher.register(arrival('1'));
    await (await begin('1')).complete();
    await Promise.all(['2', '3', '4', '5'].map((id) => dispatcher.register(arrival(id))));
    await Promise.all(Array.from({ length: 8 }, () => dispatcher.drive('A')));

    const rows = await Promise.all(['2', '3', '4', '5'].map((id) => store.file(id)));
    expect(rows.filter((row) => row?.status === 'starting')).toHaveLength(1);
    expect((await store.heads('A'))[0]).toMatchObject({ version: 2, slot: 0 });
  });

  test('of many containers one begins, and may begin again', async () => {
    await dispatcher.register(arrival('1'));
    const begun = await Promise.allSettled(['a', 'b', 'c', 'd'].map((worker) => begin('1', 1, worker)));
    expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);

    const { worker } = (await store.file('1'))!;
    await expect(begin('1', 1, worker)).resolves.toMatchObject({ attempt: 1 });
    await expect(begin('1', 1, 'other')).rejects.toThrow(NotMyTurn);
  });

  test('a writer that lost the race changes nothing', async () => {
    await dispatcher.register(arrival('1'));
    const file = (await store.file('1'))!;
    const stale: Write[] = [
      { kind: 'head', sequence: 'A', slot: 0, seen: { version: 1, holder: '1' }, change: { version: 9 } },
      { kind: 'update', file: { ...file, rev: file.rev - 1 }, change: { status: 'completed' } },
    ];
    await expect(store.commit(stale)).resolves.toBe(false);
    await expect(store.commit([...stale].reverse())).resolves.toBe(false);
    expect((await store.heads('A'))[0]).toMatchObject({ version: 1, holder: '1' });
    expect(await store.file('1')).toEqual(file);
  });

  test('a claim that stood still while the file before it was blocked and redriven is refused', async () => {
    for (const id of ['0', '1', '2']) {
      await dispatcher.register(arrival(id, { policy: { ...policy, maxAttempts: 1, exhausted: 'block' } }));
    }
    await (await begin('0')).complete();
    const [free] = await store.heads('A');
    await dispatcher.drive('A');
    const [second] = await store.queued('A', 1);
    await (await begin('1')).fail(new Error('broken'));
    await store.commit(decide({ file: (await store.file('1'))! }, { type: 'redrive' }, Date.now()).writes);

    const claim = decide({ queued: second, head: free }, { type: 'claim', slot: 0 }, Date.now());
    await expect(store.commit(claim.writes)).resolves.toBe(false);
    await dispatcher.drive('A');
    expect((await store.file('1'))?.status).toBe('starting');
  });

  test('a late file and a claim that has read the queue already exclude each other', async () => {
    const late = { late: 'park' as const };
    await dispatcher.register(arrival('0', late));
    await (await begin('0')).complete();
    const [free] = await store.heads('A');
    await store.commit([{ kind: 'insert', row: fileIn('queued', { id: '5', order: '5', rev: 1 }) }]);
    const [fifth] = await store.queued('A', 1);
    const registered = decide({ head: free }, { type: 'arrive', arrival: arrival('3', late) }, Date.now());
    await expect(store.commit(registered.writes)).resolves.toBe(true);

    const claim = decide({ queued: fifth, head: free }, { type: 'claim', slot: 0 }, Date.now());
    await expect(store.commit(claim.writes)).resolves.toBe(false);
    await dispatcher.drive('A');
    expect((await store.file('3'))?.status).toBe('starting');
  });

  test('a parallel type works on as many files as it has slots', async () => {
    await Promise.all(['1', '2', '3', '4', '5'].map((id) => dispatcher.register(arrival(id, { slots: 3 }))));
    const working = async () =>
      (await Promise.all(['1', '2', '3', '4', '5'].map((id) => store.file(id)))).filter(
        (row) => row?.status === 'starting',
      );
    expect(await working()).toHaveLength(3);
    const [one] = await working();
    await (await begin(one!.id)).complete();
    await dispatcher.drive('A');
    expect(await working()).toHaveLength(3);
    expect(new Set((await working()).map((row) => row?.slot)).size).toBe(3);
  });

  test('a type without limit starts at once and keeps no head', async () => {
    await dispatcher.register(arrival('1', { sequence: undefined }));
    expect(await store.file('1')).toMatchObject({ status: 'starting', epoch: 1 });
    await (await begin('1')).complete();
    expect((await store.file('1'))?.status).toBe('completed');
  });

  test('exhausted retries park the file and free its slot, or block the sequence', async () => {
    const once = { ...policy, maxAttempts: 1 };
    await dispatcher.register(arrival('1', { policy: once }));
    await dispatcher.register(arrival('2', { policy: { ...once, exhausted: 'block' } }));
    await dispatcher.register(arrival('3'));
    await (await begin('1')).fail(new Error('broken'));
    await dispatcher.drive('A');
    expect(await store.file('1')).toMatchObject({ status: 'parked', reason: 'Error: broken' });
    await (await begin('2')).fail(new Error('broken'));
    await dispatcher.drive('A');
    expect((await store.file('2'))?.status).toBe('blocked');
    expect((await store.file('3'))?.status).toBe('queued');

    await expect(dispatcher.apply('2', { type: 'redrive' })).resolves.toBe('changed');
    expect(await store.file('2')).toMatchObject({ status: 'starting', attempts: 1, epoch: 2 });
    await expect(begin('2', 1)).rejects.toThrow(NotMyTurn);
    await (await begin('2', 2)).fail('again');
    await dispatcher.apply('2', { type: 'discard', reason: 'by hand' });
    expect((await store.file('3'))?.status).toBe('starting');
  });

  test('a container whose turn is over gets an error', async () => {
    await dispatcher.register(arrival('1'));
    const task = await begin('1');
    await dispatcher.apply('1', { type: 'stopped', epoch: 1, worker: 'task-of-1-1', reason: 'killed' });
    expect((await store.file('1'))?.status).toBe('waiting');
    await expect(task.heartbeat()).rejects.toThrow(TurnLost);
    await expect(task.complete()).rejects.toThrow(TurnLost);
  });

  test('a container that repeats its final call gets a success', async () => {
    await dispatcher.register(arrival('1'));
    const task = await begin('1');
    await task.complete();
    await expect(task.complete()).resolves.toBeUndefined();
    await expect(task.heartbeat()).rejects.toThrow(TurnLost);
  });

  test.each(['A', 'A/customer-1', '*'])(
    'files paused by %s are not claimed or retried until they are resumed; running files continue',
    async (scope) => {
      const sequence = 'A/customer-1';
      await dispatcher.register(arrival('1', { sequence }));
      await dispatcher.register(arrival('2', { sequence }));
      const first = await begin('1');
      await expect(dispatcher.pause(scope, 'maintenance')).resolves.toBe('changed');
      await expect(dispatcher.pause(scope, 'again')).resolves.toBe('kept');
      expect(await store.pauses()).toMatchObject({ version: 1, scopes: { [scope]: { reason: 'maintenance' } } });

      await first.fail('broken', { retryAfterMs: 0 });
      await expect(dispatcher.apply('1', { type: 'retry' })).resolves.toBe('paused');
      await dispatcher.apply('1', { type: 'discard', reason: 'by hand' });
      expect((await store.file('2'))?.status).toBe('queued');
      await dispatcher.register(arrival('3', { type: 'B', sequence: 'B' }));
      expect((await store.file('3'))?.status).toBe(scope === '*' ? 'queued' : 'starting');

      await expect(dispatcher.resume(scope)).resolves.toBe('changed');
      await expect(dispatcher.resume(scope)).resolves.toBe('kept');
      await dispatcher.drive(sequence);
      expect((await store.file('2'))?.status).toBe('starting');
    },
  );

  const limited = (limits: Limits) => new Dispatcher({ store, wake, limits });
  const statusOf = async (...ids: string[]) => Promise.all(ids.map(async (id) => (await store.file(id))?.status));

  test('a limit holds over sequences, those that wait take turns, and a blocked file gives its place back', async () => {
    dispatcher = limited({ all: 2, types: { A: 1 } });
    const once = { ...policy, maxAttempts: 1, exhausted: 'block' as const };
    for (const id of ['1', '2', '3']) {
      await dispatcher.register(arrival(id, { sequence: `A/${id}`, policy: once }));
    }
    await dispatcher.register(arrival('1b', { sequence: 'A/1' }));
    await dispatcher.register(arrival('4', { type: 'B', sequence: 'B' }));
    await expect(statusOf('1', '2', '3', '4')).resolves.toEqual(['starting', 'queued', 'queued', 'starting']);

    // Its own sequence is the last in the circle
    const started: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const [id] = (await Promise.all(['1', '1b', '2', '3'].map((one) => store.file(one))))
        .filter((file) => file?.status === 'starting')
        .map((file) => file?.id ?? '');
      started.push(id);
      await (await begin(id)).fail('broken', { final: true });
      await dispatcher.continueSequence('A', (await store.file(id))?.sequence ?? '', [id]);
    }
    expect(started.sort()).toEqual(['1', '2', '3']);
    await dispatcher.register(arrival('5', { type: 'C', sequence: 'C' }));
    await dispatcher.register(arrival('6', { type: 'D', sequence: 'D' }));
    await expect(statusOf('1', '1b', '4', '5', '6')).resolves.toEqual([
      'blocked',
      'queued',
      'starting',
      'starting',
      'queued',
    ]);
  });

  test('of many claims for the last place of a limit one succeeds, and a place without an end event is recovered', async () => {
    dispatcher = limited({ all: 1 });
    await Promise.all(
      ['1', '2', '3', '4', '5', '6'].map((id) =>
        dispatcher.register(arrival(id, { sequence: `A/${id}` })).catch(() => undefined),
      ),
    );
    const working = async () =>
      (await Promise.all(['1', '2', '3', '4', '5', '6'].map((id) => store.file(id)))).filter(
        (file) => file?.status === 'starting',
      );
    const [one, ...others] = await working();
    expect(others).toEqual([]);
    await (await begin(one!.id)).complete();
    await dispatcher.drive('A/2');
    expect(await working()).toEqual([]);
    await dispatcher.releaseStalePlaces(['A']);
    for await (const { sequence } of store.backlog()) {
      await dispatcher.drive(sequence);
    }
    expect(await working()).toHaveLength(1);
  });

  test('the position of a sweep is recorded, replaced and removed, also by another process', async () => {
    const [one, other] = [new SweepPosition(store), new SweepPosition(store)];
    await expect(one.read()).resolves.toBeUndefined();
    await one.write('A/1');
    await one.write('A/2');
    await expect(other.read()).resolves.toBe('A/2');
    await other.write(undefined);
    // It read another position: it reads again, and writes the next time
    await one.write('A/3');
    await one.write('A/4');
    await expect(other.read()).resolves.toBe('A/4');
  });

  test('the backlog is a circle', async () => {
    for (const id of ['1', '2', '3', '4']) {
      await store.commit([{ kind: 'insert', row: fileIn('queued', { id, sequence: `A/${id}`, rev: 1 }) }]);
    }
    const circle = await all(store.backlog());
    for (const [index, { sequence }] of circle.entries()) {
      await expect(all(store.backlog(sequence))).resolves.toEqual([
        ...circle.slice(index + 1),
        ...circle.slice(0, index + 1),
      ]);
    }
  });

  test('of two pauses at the same time neither is lost, and no more are taken than a claim should read', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, index) => dispatcher.pause(`A/${index}`, 'maintenance').catch(() => 'contention')),
    );
    expect(Object.keys((await store.pauses())?.scopes ?? {})).toHaveLength(
      outcomes.filter((outcome) => outcome === 'changed').length,
    );
    const scopes = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`A/${index}`, { since: 0, reason: '' }]),
    );
    expect(
      decide({ pauses: { version: 1, scopes } }, { type: 'pause', scope: 'one more', reason: '' }, 0).outcome,
    ).toBe('refused');
    expect(decide({ pauses: { version: 1, scopes } }, { type: 'resume', scope: 'constructor' }, 0).outcome).toBe(
      'kept',
    );
  });

  const version = (id: string, sequencer: string) =>
    arrival(id, { overwrite: 'latest', object: { bucket: 'inbox', key: 'a/k.csv', sequencer } });
  const busy = async () => dispatcher.register(arrival('0'));

  test('an overwritten version that waits is skipped, in whatever order the events come', async () => {
    await busy();
    await dispatcher.register(version('1', '01'));
    await dispatcher.register(version('3', '03'));
    await dispatcher.register(version('2', '02'));
    expect(await store.file('1')).toMatchObject({ status: 'skipped', reason: 'overwritten' });
    expect(await store.file('2')).toMatchObject({ status: 'skipped', reason: 'overwritten before it was registered' });
    await expect(store.queued('A', 10)).resolves.toMatchObject([{ id: '3' }]);
  });

  test('an object that was registered without its event is not registered again when the event comes late', async () => {
    const listed = arrival('listed', { overwrite: 'latest', object: { bucket: 'inbox', key: 'a/k.csv', etag: 'e1' } });
    const told = (id: string, sequencer: string, etag = 'e1') =>
      arrival(id, { overwrite: 'latest', object: { bucket: 'inbox', key: 'a/k.csv', etag, sequencer } });
    await busy();
    await dispatcher.register(listed);
    await expect(dispatcher.register(told('late', '02'))).resolves.toBe('kept');
    await expect(dispatcher.register(told('late', '02'))).resolves.toBe('kept');
    expect(await store.file('late')).toBeUndefined();
    await expect(store.queued('A', 10)).resolves.toMatchObject([{ id: 'listed' }]);

    await dispatcher.register(told('older', '01', 'e0'));
    expect((await store.file('older'))?.status).toBe('skipped');
    await expect(dispatcher.register(told('same content again', '03'))).resolves.toBe('changed');
  });

  test('an object that was registered from its event is not registered again from a listing', async () => {
    const object = { bucket: 'inbox', key: 'a/k.csv', etag: 'e1' };
    await busy();
    await dispatcher.register(arrival('told', { overwrite: 'latest', object: { ...object, sequencer: '02' } }));
    await expect(dispatcher.register(arrival('listed', { overwrite: 'latest', object }))).resolves.toBe('kept');
    expect(await store.file('listed')).toBeUndefined();
    await expect(store.queued('A', 10)).resolves.toMatchObject([{ id: 'told' }]);

    const other = arrival('other content', { overwrite: 'latest', object: { ...object, etag: 'e2' } });
    await expect(dispatcher.register(other)).resolves.toBe('changed');
    expect(await store.file('told')).toMatchObject({ status: 'skipped', reason: 'overwritten' });
  });

  test('a file that is redriven into another slot gets a greater fencing token', async () => {
    for (const id of ['1', '2', '3', '4', '5']) {
      await dispatcher.register(arrival(id, { slots: 2, policy: { ...policy, maxAttempts: 1 } }));
    }
    // One slot goes on while the other holds a single file
    const picked = new Dispatcher({ store, wake, random: () => 0 });
    const [first, ...others] = (await all(store.dueFiles(Date.now() + 3_600_000))).sort();
    let task = await begin(first);
    const slot = (await store.file(first))?.slot;
    for (let turn = 0; turn < 3; turn += 1) {
      await task.complete();
      await picked.drive('A');
      const next = (await all(store.dueFiles(Date.now() + 3_600_000))).find((id) => !others.includes(id))!;
      task = await begin(next);
      expect((await store.file(next))?.slot).toBe(slot);
    }
    const { fence, id } = task;
    await task.fail(new Error('broken'));
    expect((await store.file(id))?.status).toBe('parked');
    await (await begin(others[0])).complete();

    const other = new Dispatcher({ store, wake, random: () => (slot === 0 ? 0.99 : 0) });
    await other.apply(id, { type: 'redrive' });
    const again = (await store.file(id))!;
    expect(again.slot).not.toBe(slot);
    expect(again.fence).toBeGreaterThan(fence);
    await (await begin(id, 2)).complete();
    const heads = await store.heads('A');
    expect(heads.find((head) => head.slot === again.slot)).toMatchObject({ version: again.fence });
  });

  test('a deleted object is skipped, even if its creation event arrives later', async () => {
    await busy();
    await dispatcher.register(version('1', '01'));
    await dispatcher.remove({ bucket: 'inbox', key: 'a/k.csv', sequencer: '03' }, 'event');
    await dispatcher.register(version('2', '02'));
    await dispatcher.register(version('4', '04'));
    expect(await store.file('1')).toMatchObject({ status: 'skipped', reason: 'deleted' });
    expect((await store.file('2'))?.status).toBe('skipped');
    expect((await store.file('4'))?.status).toBe('queued');
  });

  test('a late file is parked, or goes to the end', async () => {
    const late = { late: 'park' as const };
    await dispatcher.register(arrival('5', late));
    await dispatcher.register(arrival('3', late));
    expect(await store.file('3')).toMatchObject({ status: 'parked', reason: 'late: arrived after 5 was claimed' });
    const append = { late: 'append' as const };
    await dispatcher.register(arrival('7', append));
    await dispatcher.register(arrival('4', append));
    await dispatcher.register(arrival('2', append));
    await dispatcher.register(arrival('8', append));
    expect((await store.queued('A', 10)).map(({ id }) => id)).toEqual(['7', '4', '2', '8']);
  });

  test('the sweeper finds what is due and every sequence with a queue', async () => {
    for (const sequence of ['A/x', 'A/y', 'B']) {
      for (const id of ['1', '2', '3']) {
        await dispatcher.register(arrival(`${sequence}-${id}`, { sequence, order: id }));
      }
    }
    const due = async (now: number) => (await all(store.dueFiles(now))).sort();
    expect(await due(Date.now())).toEqual([]);
    expect(await due(Date.now() + 3_600_000)).toEqual(['A/x-1', 'A/y-1', 'B-1']);
    const backlog = await all(store.backlog());
    expect(backlog.sort((a, b) => (a.sequence < b.sequence ? -1 : 1))).toEqual([
      { sequence: 'A/x', first: 'A/x-2' },
      { sequence: 'A/y', first: 'A/y-2' },
      { sequence: 'B', first: 'B-2' },
    ]);
  });
});
