import { groupingOf } from '../../../src/contract/dispatch-grouping';
import { regroup } from '../../../src/handlers/dispatch-watcher/regroup';
import { type Arrival, decide, Dispatcher, FileTask } from '../../../src/runtime/dispatch/index.js';
import { MemoryStore } from '../../runtime/dispatch/support/memory-store';
import { arrival } from '../../runtime/dispatch/support/rows';

type Concurrency = Pick<Arrival, 'sequence' | 'slots' | 'sequencePart'>;
const all: Concurrency = { sequence: undefined, slots: 0 };
const one: Concurrency = { sequence: 'A', slots: 1 };
const three: Concurrency = { sequence: 'A', slots: 3 };
const customer: Concurrency = { sequence: 'A/c1', slots: 1, sequencePart: 'customer' };
const region: Concurrency = { sequence: 'A/eu', slots: 1, sequencePart: 'region' };

let now: number;
let store: MemoryStore;
let dispatcher: Dispatcher;
beforeEach(() => {
  now = Date.now();
  store = new MemoryStore();
  dispatcher = new Dispatcher({ store, wake: () => Promise.resolve(), now: () => now, random: () => 0 });
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => jest.restoreAllMocks());

/** A sweep of functions that were deployed with this concurrency. */
async function sweep(concurrency: Concurrency): Promise<void> {
  now += 60_000;
  await regroup({ store, dispatcher }, { A: groupingOf({ type: 'A', ...concurrency }) });
  for await (const { sequence } of store.backlog()) {
    await dispatcher.drive(sequence);
  }
}
const isLaunched = async (id: string) => {
  const file = store.files.get(id)!;
  const { outcome } = decide({ file, ...{ pauses: await store.pauses() } }, { type: 'retry' }, now);
  return file.status === 'starting' && outcome !== 'paused';
};
const launched = async (...ids: string[]) => {
  const found = await Promise.all(ids.map(async (id) => ((await isLaunched(id)) ? [id] : [])));
  return found.flat();
};
const end = async (id: string, epoch = 1) =>
  (await FileTask.begin({ store, fileId: id, epoch, worker: id, now: () => now })).complete();

test.each<[string, Concurrency, Concurrency]>([
  ['all to one', all, one],
  ['one to one for each customer', one, customer],
  ['one for each customer to one', customer, one],
  ['one for each customer to one for each region', customer, region],
  ['three to one', three, one],
  ['one to all', one, all],
  ['all to three', all, three],
])('%s: files with the former concurrency end before others start', async (_, former, current) => {
  await sweep(former);
  for (const id of ['2', '3']) {
    await dispatcher.register(arrival(id, former));
  }
  // Before the first sweep of the deployment, and before the former ones in order
  for (const id of ['0', '4']) {
    await dispatcher.register(arrival(id, current));
  }
  for (let ended = 0; ended < 2; ended += 1) {
    await sweep(current);
    expect(await launched('0', '4')).toEqual([]);
    const [next] = await launched('2', '3');
    await end(next);
    await dispatcher.drive('A');
    await dispatcher.drive('A/c1');
  }
  await sweep(current);
  expect(await launched('0', '4')).toEqual([]);
  await sweep(current);
  expect(await launched('0', '4')).toContain('0');
  await end('0');
  await sweep(current);
  expect(await launched('4')).toEqual(['4']);
});

test('a blocked file with the former concurrency holds the others until an operator acts', async () => {
  await sweep(one);
  await dispatcher.register(arrival('1', { ...one, policy: { ...arrival('1').policy, exhausted: 'block' } }));
  await (await FileTask.begin({ store, fileId: '1', epoch: 1, worker: 'w' })).fail('broken', { final: true });
  await dispatcher.register(arrival('2', customer));
  for (let sweeps = 0; sweeps < 4; sweeps += 1) {
    await sweep(customer);
  }
  expect(await launched('2')).toEqual([]);
  await dispatcher.apply('1', { type: 'discard', reason: 'by hand' });
  await sweep(customer);
  await sweep(customer);
  expect(await launched('2')).toEqual(['2']);
});

test('a pause and a resume keep what is active, and a change back needs no wait', async () => {
  await sweep(one);
  await dispatcher.register(arrival('1', one));
  await sweep(customer);
  await dispatcher.pause('B', 'maintenance');
  await dispatcher.resume('B');
  await dispatcher.register(arrival('2', customer));
  expect(await launched('2')).toEqual([]);
  await sweep(one);
  expect((await store.pauses())?.groupings).toEqual({ A: { active: 'one' } });
});

test('files of a release that did not record the part count as files of any part', async () => {
  await dispatcher.register(arrival('1', { sequence: 'A/c1', slots: 1 }));
  await sweep(customer);
  expect((await store.pauses())?.groupings).toEqual({ A: { active: 'one/customer' } });
  await dispatcher.register(arrival('2', { ...customer, sequence: 'A/c2' }));
  expect(await launched('1', '2')).toEqual(['1', '2']);
});

test('a lower number of files at the same time waits for places that are taken', async () => {
  for (const id of ['1', '2', '3']) {
    await dispatcher.register(arrival(id, three));
  }
  const two = { ...three, slots: 2 };
  await dispatcher.register(arrival('4', two));
  await dispatcher.register(arrival('5', two));
  await end('1');
  await dispatcher.drive('A');
  expect(await launched('4', '5')).toEqual([]);
  await end('2');
  await dispatcher.drive('A');
  expect(await launched('4', '5')).toHaveLength(1);
});
