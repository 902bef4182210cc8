import { MemoryStore } from './support/memory-store';
import { arrival, fileIn, policy } from './support/rows';
import { derived, queueItem, queueKey } from '../../../src/runtime/dispatch/dynamodb/items.js';
import { sequenceOf } from '../../../src/runtime/dispatch/identity.js';
import { Dispatcher, FileTask, orderByPart } from '../../../src/runtime/dispatch/index.js';
import { appendedOrder, withTieBreak } from '../../../src/runtime/dispatch/order.js';

const MAX_SORT_KEY = 1_024;
let store: MemoryStore;
let dispatcher: Dispatcher;
beforeEach(() => {
  store = new MemoryStore();
  dispatcher = new Dispatcher({ store, wake: () => Promise.resolve(), random: () => 0 });
});

test('the keys of a row fit into DynamoDB for the longest part of a key and the longest order', () => {
  const id = 'x'.repeat(52);
  const longest = orderByPart(Array.from({ length: 42 }, () => '1').join('.'));
  const order = appendedOrder(withTieBreak(longest, '2026-11-30T00:00:00Z', 'a'.repeat(32)), 1);
  for (const part of ['株'.repeat(110), '株'.repeat(340), 'x'.repeat(958)]) {
    const sequence = sequenceOf('T'.repeat(32), part);
    const file = fileIn('queued', { id, order, sequence });
    expect(queueKey(sequence, file).sk.length).toBeLessThanOrEqual(MAX_SORT_KEY);
    expect(queueItem(sequence, file).dueSk.length).toBeLessThanOrEqual(MAX_SORT_KEY);
    expect(queueItem(sequence, file).dueSk).toContain(`Q#${sequence}#`);
  }
  const failed = derived(fileIn('waiting', { order, type: 'T'.repeat(32), dueAt: 1 }), 1);
  expect(failed.troubleSk?.length).toBeLessThanOrEqual(MAX_SORT_KEY);
});

test('a version whose delete arrives before its event is not processed', async () => {
  const object = { bucket: 'inbox', key: 'a/1.csv', versionId: 'v1' };
  const version = { id: '1', type: 'A', policy };
  await expect(dispatcher.remove(object, 'event', version)).resolves.toBe('changed');
  await expect(dispatcher.remove(object, 'event', version)).resolves.toBe('kept');
  await expect(dispatcher.register(arrival('1', { object }))).resolves.toBe('kept');
  expect(store.files.get('1')).toMatchObject({ status: 'skipped', reason: 'deleted before it was registered' });
  await expect(store.queued('A', 1)).resolves.toEqual([]);
  // The delete of a file that is processed changes nothing
  await dispatcher.register(arrival('2', { object: { ...object, versionId: 'v2' } }));
  await expect(dispatcher.remove({ ...object, versionId: 'v2' }, 'event', { ...version, id: '2' })).resolves.toBe(
    'kept',
  );
});

test('files that still wait to settle leave no slot empty', async () => {
  const slots = 3;
  for (const id of ['1', '2', '3', '4']) {
    await dispatcher.register(arrival(id, { slots, notBefore: Date.now() + 3_600_000 }));
  }
  for (const id of ['5', '6', '7']) {
    await dispatcher.register(arrival(id, { slots }));
  }
  const started = [...store.files.values()].filter(({ status }) => status === 'starting').map(({ id }) => id);
  expect(started).toEqual(['5', '6', '7']);
});

test('the wake-up of files that all settle is that of the first', async () => {
  const woken: [string, number][] = [];
  const wake = (id: string, delayMs: number) => Promise.resolve(void woken.push([id, delayMs]));
  const settling = new Dispatcher({ store, wake, now: () => 1_000, random: () => 0 });
  await settling.register(arrival('1', { slots: 2, notBefore: 9_000 }));
  await settling.register(arrival('2', { slots: 2, notBefore: 3_000 }));
  expect(woken.at(-1)).toEqual(['2', 2_000]);
  await expect(FileTask.begin({ store, fileId: '2', epoch: 1, worker: 'w' })).rejects.toThrow('not starting');
});
