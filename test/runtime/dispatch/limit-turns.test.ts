import { MemoryStore } from './support/memory-store';
import { arrival, fileIn } from './support/rows';
import { type DispatchStore, Dispatcher, FileTask, type Limits } from '../../../src/runtime/dispatch/index.js';

let store: DispatchStore;
let started: string[];
beforeEach(() => {
  store = new MemoryStore();
  started = [];
});

const dispatcherWith = (limits: Limits) =>
  new Dispatcher({ store, limits, wake: (id) => Promise.resolve(void started.push(id)), random: () => 0 });

async function register(dispatcher: Dispatcher, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const [type = '', part = ''] = id.split('-');
    await dispatcher.register(arrival(id, { type, sequence: `${type}/${part}` }));
  }
}

async function end(dispatcher: Dispatcher, id: string): Promise<void> {
  const task = await FileTask.begin({ store, fileId: id, epoch: 1, worker: `task-${id}` });
  await task.complete();
  const { type, sequence = '' } = (await store.file(id))!;
  await dispatcher.continueSequence(type, sequence, [id]);
}

test.each([
  [
    'one process',
    (limits: Limits) => {
      const dispatcher = dispatcherWith(limits);
      return () => dispatcher;
    },
  ],
  ['a new process for each end', (limits: Limits) => () => dispatcherWith(limits)],
])('sequences that wait for a limit take turns: %s', async (_, processes) => {
  const next = processes({ all: 1 });
  await register(next(), 'A-1-a', 'A-1-b', 'A-2-a', 'A-2-b', 'A-3-a', 'A-3-b');
  for (let ends = 0; ends < 6; ends += 1) {
    await end(next(), started.at(-1)!);
  }
  expect(started).toEqual(['A-1-a', 'A-2-a', 'A-3-a', 'A-1-b', 'A-2-b', 'A-3-b']);
  expect((await store.heads('~')).map(({ holder }) => holder)).toEqual([undefined]);
});

test('a place under the limit of all types goes past a type that has reached its own', async () => {
  const dispatcher = dispatcherWith({ all: 2, types: { C: 1 } });
  await register(dispatcher, 'C-1-a', 'B-1-a', 'C-2-a', 'C-3-a', 'D-1-a');
  await end(dispatcher, 'B-1-a');
  expect(started).toEqual(['C-1-a', 'B-1-a', 'D-1-a']);
});

test('a place under the limit of a type goes to that type only', async () => {
  const dispatcher = dispatcherWith({ types: { A: 1 } });
  await register(dispatcher, 'A-1-a', 'A-2-a', 'A-3-a');
  await store.commit([{ kind: 'insert', row: fileIn('queued', { id: 'B', type: 'B', sequence: 'B/1', rev: 1 }) }]);
  await end(dispatcher, 'A-1-a');
  await end(dispatcher, 'A-2-a');
  expect(started).toEqual(['A-1-a', 'A-2-a', 'A-3-a']);
});

test('an end frees its places if the next file cannot take them', async () => {
  const dispatcher = dispatcherWith({ all: 2 });
  await register(dispatcher, 'A-1-a', 'A-1-b');
  await dispatcher.pause('A', 'maintenance');
  await end(dispatcher, 'A-1-a');
  expect((await store.heads('~')).map(({ holder }) => holder)).toEqual([undefined]);
});

test('all places of files that ended at the same time are taken', async () => {
  const dispatcher = dispatcherWith({ all: 3 });
  for (const id of ['1', '2', '3', '4', '5', '6', '7']) {
    await dispatcher.register(arrival(id, { slots: 5 }));
  }
  const first = [...started];
  for (const id of first) {
    await (await FileTask.begin({ store, fileId: id, epoch: 1, worker: `task-${id}` })).complete();
  }
  await dispatcher.continueSequence('A', 'A', first);
  expect(started).toHaveLength(6);
  expect((await store.heads('~')).map(({ holder }) => holder).sort()).toEqual(started.slice(3).sort());
});

test('a file of a type that the name of its sequence does not have keeps the limit of its type', async () => {
  const dispatcher = dispatcherWith({ types: { A: 1 } });
  await dispatcher.register(arrival('1', { sequence: 'former/1' }));
  await dispatcher.register(arrival('2', { sequence: 'former/2' }));
  expect(started).toEqual(['1']);
});

test('many sequences that cannot use a place do not keep it from the sequence that ended', async () => {
  const dispatcher = dispatcherWith({ types: { A: 1 } });
  await register(dispatcher, 'A-1-a', 'A-1-b', 'A-1-c');
  for (let index = 0; index < 250; index += 1) {
    const row = fileIn('queued', { id: `B${index}`, type: 'B', sequence: `B/${index}`, rev: 1 });
    await store.commit([{ kind: 'insert', row }]);
  }
  await end(dispatcher, 'A-1-a');
  expect(started).toEqual(['A-1-a', 'A-1-b']);
  await register(dispatcher, 'A-2-a');
  await end(dispatcher, 'A-1-b');
  // The search continued behind the sequences that it had seen
  await end(dispatcher, started.at(-1)!);
  expect(started.slice(2)).toContain('A-2-a');
});

test('after a limit was lowered, no place is free until enough of the old ones are', async () => {
  const before = dispatcherWith({ all: 3 });
  await register(before, 'A-1-a', 'A-2-a', 'A-3-a', 'A-4-a');
  const dispatcher = dispatcherWith({ all: 2 });
  await end(dispatcher, 'A-1-a');
  expect(started).toEqual(['A-1-a', 'A-2-a', 'A-3-a']);
  await end(dispatcher, 'A-2-a');
  expect(started).toEqual(['A-1-a', 'A-2-a', 'A-3-a', 'A-4-a']);
});

test('a sweep frees no place of a file that starts', async () => {
  const dispatcher = dispatcherWith({ all: 2 });
  await register(dispatcher, 'A-1-a');
  await dispatcher.releaseStalePlaces(['A']);
  expect((await store.heads('~')).map(({ holder }) => holder)).toEqual(['A-1-a']);
});

test('a type with the name of a member of each object has no limit', async () => {
  await register(dispatcherWith({ types: { A: 1 } }), 'constructor-1-a');
  expect(started).toEqual(['constructor-1-a']);
});
