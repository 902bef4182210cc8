import {
  type Arrival,
  Dispatcher,
  type DispatchStore,
  fileId,
  type FilePolicy,
  FileTask,
  NotMyTurn,
} from '../../../src/runtime/dispatch/index.js';
import { fileStatuses } from '../../../src/runtime/dispatch/rows.js';

const HOUR = 3_600_000;
const BEGIN = Date.parse('2026-11-30T00:00:00Z');
const limits = { types: { limited: 1 } };
const policy: FilePolicy = {
  maxAttempts: 2,
  exhausted: 'block',
  backoffMs: 30_000,
  maxBackoffMs: 900_000,
  hangTimeoutMs: 900_000,
  maxRuntimeMs: 86_400_000,
};

/** A file with a name, whose id is that of its object, as the ingress function registers it. */
function arrival(name: string, more: Partial<Arrival> = {}): Arrival {
  const sequence = 'sequence' in more ? more.sequence : name;
  const object = { bucket: 'inbox', key: `in/${name}.csv`, size: 7, etag: 'e', versionId: `version-of-${name}` };
  return {
    id: fileId(more.object ?? object, '2026-11-30T00:00:00Z'),
    type: 'orders',
    slots: 1,
    order: name,
    object,
    policy,
    late: 'run-next',
    overwrite: 'each',
    correlationId: `event-of-${name}`,
    ...more,
    ...(sequence !== undefined && { sequence }),
  };
}

const latest = (sequencer: string): Arrival => {
  const object = { bucket: 'inbox', key: 'in/latest.csv', sequencer: sequencer.padStart(32, '0') };
  return arrival('latest', { object, order: `latest-${sequencer}`, overwrite: 'latest' });
};
const files = {
  running: arrival('running', { sequence: 'two', order: '1', notBefore: BEGIN }),
  queued: arrival('queued', { sequence: 'two', order: '2', notBefore: BEGIN }),
  starting: arrival('starting'),
  parallel: arrival('parallel', { sequence: undefined, slots: 0 }),
  waiting: arrival('waiting'),
  blocked: arrival('blocked', { policy: { ...policy, maxAttempts: 1 } }),
  completed: arrival('completed'),
  parked: arrival('parked', { policy: { ...policy, maxAttempts: 1, exhausted: 'park' } }),
  skipped: arrival('skipped'),
  paused: arrival('paused', { type: 'invoices' }),
  limited: arrival('limited', { type: 'limited' }),
  behind: arrival('behind', { type: 'limited' }),
  latest: latest('20'),
} satisfies Record<string, Arrival>;
type FileName = keyof typeof files;

/** Operations of the dispatcher and of containers, at a time that the test sets. */
class Protocol {
  readonly dispatcher: Dispatcher;

  constructor(
    readonly store: DispatchStore,
    public now: number,
  ) {
    const wake = () => Promise.resolve();
    this.dispatcher = new Dispatcher({ store, wake, limits, now: () => this.now, random: () => 0 });
  }

  begin(name: FileName, epoch = 1): Promise<FileTask> {
    const worker = `arn:aws:ecs:us-east-1:111122223333:task/${name}-${epoch}`;
    return FileTask.begin({ store: this.store, fileId: files[name].id, epoch, worker, now: () => this.now });
  }

  async status(name: FileName): Promise<string | undefined> {
    return (await this.store.file(files[name].id))?.status;
  }
}

/** Files of every status, a pause, a limit that is reached, and a key whose object was deleted. */
export async function writeDispatchRows(store: DispatchStore): Promise<void> {
  const protocol = new Protocol(store, BEGIN);
  const { dispatcher } = protocol;
  await dispatcher.pause('invoices', 'maintenance');
  for (const file of Object.values(files)) {
    await dispatcher.register(file);
  }
  protocol.now += 1_000;
  await protocol.begin('running');
  await protocol.begin('limited');
  await (await protocol.begin('waiting')).fail(new Error('no connection'));
  await (await protocol.begin('blocked')).fail(new Error('no rows'));
  await (await protocol.begin('completed')).complete({ rows: 7 });
  await (await protocol.begin('parked')).fail(new Error('no rows'));
  await (await protocol.begin('skipped')).skip('deleted');
  await dispatcher.remove(latest('30').object, 'event-of-delete');
  // A new status needs a new version
  const statuses = await Promise.all((Object.keys(files) as FileName[]).map((name) => protocol.status(name)));
  expect(new Set(statuses)).toEqual(new Set(fileStatuses));
}

/** Continues from the rows of a release, as the functions and containers of this one do. */
export async function continueDispatch(store: DispatchStore): Promise<void> {
  const protocol = new Protocol(store, BEGIN + HOUR);
  const { dispatcher } = protocol;
  const idOf = (name: FileName) => files[name].id;

  // Duplicates of every event are recognized
  for (const name of ['running', 'queued', 'completed', 'parked', 'skipped', 'latest'] as const) {
    expect([name, await dispatcher.register(files[name])]).toEqual([name, 'kept']);
  }
  // A deleted object of a key is not processed, a later one is
  await dispatcher.register(latest('25'));
  expect((await store.file(latest('25').id))?.status).toBe('skipped');
  await dispatcher.register(latest('40'));
  expect(await store.file(latest('40').id)).toBeDefined();

  // The sweeper and operators find what they look for
  const due = [];
  for await (const id of store.dueFiles(protocol.now)) {
    due.push(id);
  }
  expect(due).toEqual(expect.arrayContaining((['running', 'starting', 'waiting'] as const).map(idOf)));
  for (const status of ['waiting', 'blocked', 'parked'] as const) {
    const failed = [];
    for await (const file of store.listFailed(status, 'orders')) {
      failed.push(file);
    }
    expect(failed).toEqual([{ id: idOf(status), type: 'orders' }]);
  }
  const backlog = [];
  for await (const { sequence } of store.backlog()) {
    backlog.push(sequence);
  }
  expect(backlog.sort()).toEqual(['behind', 'latest', 'paused', 'two']);

  // A container continues its turn, and the next file of its sequence follows
  const task = await protocol.begin('running');
  await task.heartbeat();
  expect(task.attempt).toBe(1);
  await task.complete({ rows: 1 });
  await dispatcher.advanceFile(idOf('running'));
  const next = await protocol.begin('queued');
  expect(next.fence).toBeGreaterThan(task.fence);

  // Launched files begin, ended ones do not
  await (await protocol.begin('starting')).complete();
  await (await protocol.begin('parallel')).complete();
  await expect(protocol.begin('completed')).rejects.toThrow(NotMyTurn);
  expect((await store.file(idOf('completed')))?.result).toEqual({ rows: 7 });

  // A retry is due, a blocked and a parked file are redriven
  await dispatcher.apply(idOf('waiting'), { type: 'retry' });
  expect((await protocol.begin('waiting', 2)).attempt).toBe(2);
  await dispatcher.apply(idOf('blocked'), { type: 'redrive' });
  await (await protocol.begin('blocked', 2)).complete();
  await dispatcher.apply(idOf('parked'), { type: 'redrive' });
  await (await protocol.begin('parked', 2)).complete();

  // The last attempts of a file are kept across releases; absent: none is known
  expect(await store.file(idOf('queued'))).not.toHaveProperty('lastAttempts');
  const blocked = await store.file(idOf('blocked'));
  expect(blocked?.lastAttempts?.at(0) ?? { reason: 'Error: no rows' }).toMatchObject({ reason: 'Error: no rows' });

  // A paused scope stays paused until it is resumed
  await dispatcher.drive('paused');
  expect(await protocol.status('paused')).toBe('queued');
  await dispatcher.resume('invoices');
  await dispatcher.drive('paused');
  expect(await protocol.status('paused')).toBe('starting');

  // A limit stays reached until its file ends
  await dispatcher.drive('behind');
  expect(await protocol.status('behind')).toBe('queued');
  await (await protocol.begin('limited')).complete();
  await dispatcher.continueSequence('limited', 'limited', [idOf('limited')]);
  // A sequence whose name does not begin with its type waits for the sweeper
  await dispatcher.drive('behind');
  expect(await protocol.status('behind')).toBe('starting');
}
