import { MemoryStore } from './support/memory-store';
import { arrival, policy } from './support/rows';
import { DispatchEnv } from '../../../src/contract/dispatch-env';
import { Dispatcher, type FileContext, runFileTask } from '../../../src/runtime/dispatch/index.js';
import { THROWN } from '../support/thrown-values';
import { ConfigurationError, DependencyUnavailable, PoisonMessage, RetryLater } from '../../../src/runtime/errors.js';

const env = { [DispatchEnv.fileId]: '1', [DispatchEnv.epoch]: '1' };
const stop = new AbortController().signal;
let store: MemoryStore;
let dispatcher: Dispatcher;

beforeEach(async () => {
  store = new MemoryStore();
  dispatcher = new Dispatcher({ store, wake: () => Promise.resolve() });
  await dispatcher.register(arrival('1', { policy: { ...policy, hangTimeoutMs: 80 } }));
});

afterEach(() => jest.restoreAllMocks());

const run = (handler: (file: FileContext) => Promise<unknown>, more: object = {}) =>
  runFileTask(handler, { store, env, stop, worker: 'task-1', ...more });
const row = () => store.files.get('1')!;

test('keeps what the handler returns, and gives it the file and the fence', async () => {
  const seen: FileContext[] = [];
  const code = await run((file) => {
    seen.push(file);
    return Promise.resolve({ rows: 3 });
  });
  expect(code).toBe(0);
  expect(row()).toMatchObject({ status: 'completed', result: { rows: 3 }, worker: 'task-1' });
  expect(seen[0]).toMatchObject({
    object: { bucket: 'inbox', key: 'a/1.csv' },
    fence: 1,
    attempt: 1,
    correlationId: 'event-1',
  });
});

test.each([
  ['any error', () => new Error('broken'), { status: 'waiting', reason: 'Error: broken' }],
  [
    'PoisonMessage',
    () => new PoisonMessage('no such format'),
    { status: 'parked', reason: 'PoisonMessage: no such format' },
  ],
  ['RetryLater', () => new RetryLater({ seconds: 3_600 }), { status: 'waiting' }],
])('fails the attempt on %s', async (_, error, expected) => {
  const before = Date.now();
  expect(await run(() => Promise.reject(error()))).toBe(1);
  expect(row()).toMatchObject(expected);
  if (error() instanceof RetryLater) {
    expect(row().notBefore).toBeGreaterThanOrEqual(before + 3_600_000);
  }
});

test.each(THROWN)('fails the attempt on %s', async (_, value) => {
  const handler = () => {
    throw value();
  };
  expect(await run(handler)).toBe(1);
  expect(row().status).toMatch(/waiting|parked/);
});

test('skips a file whose object is gone', async () => {
  expect(
    await run((file) => {
      file.skip('no such key');
      return Promise.resolve();
    }),
  ).toBe(0);
  expect(row()).toMatchObject({ status: 'skipped', reason: 'no such key' });
});

describe('a store that fails', () => {
  /** Fails so many commits of an outcome: before they are written, or after it, when the reply is lost. */
  function failing(error: Error, times: number, written: boolean) {
    const commit = store.commit.bind(store);
    let left = times;
    return jest.spyOn(store, 'commit').mockImplementation(async (writes) => {
      const last = writes.some((write) => write.kind === 'update' && write.change.status !== 'running');
      if (!last || left === 0) {
        return commit(writes);
      }
      left -= 1;
      if (written) {
        await commit(writes);
      }
      throw error;
    });
  }
  const unavailable = new DependencyUnavailable('DynamoDB');

  test.each<[string, () => Promise<unknown>, number, object]>([
    ['complete', () => Promise.resolve({ rows: 3 }), 0, { status: 'completed', result: { rows: 3 }, attempts: 1 }],
    ['fail', () => Promise.reject(new Error('broken')), 1, { status: 'waiting', reason: 'Error: broken', attempts: 1 }],
  ])(
    'records %s once it can, also if only the reply was lost',
    async (_, handler, code, expected) => {
      for (const [error, written] of [
        [unavailable, false],
        [unavailable, true],
        [new Error('socket hang up'), true],
      ] as const) {
        store.files.clear();
        store.headRows.clear();
        await dispatcher.register(arrival('1'));
        const commit = failing(error, 2, written);
        const worked = jest.fn(handler);
        expect(await run(worked)).toBe(code);
        expect(row()).toMatchObject(expected);
        expect(worked).toHaveBeenCalledTimes(1);
        commit.mockRestore();
      }
    },
    30_000,
  );

  test('gives up after five failures that are no outage, and never records a failure of the work', async () => {
    failing(new Error('not a valid item'), 99, false);
    await expect(run(() => Promise.resolve())).rejects.toThrow('not a valid item');
    expect(row()).toMatchObject({ status: 'running', attempts: 1 });
  }, 30_000);

  test('begins once it can', async () => {
    jest.spyOn(store, 'file').mockRejectedValueOnce(unavailable);
    expect(await run(() => Promise.resolve())).toBe(0);
    expect(row().status).toBe('completed');
  }, 30_000);
});

test('a dependency that is unavailable uses up no attempt', async () => {
  expect(await run(() => Promise.reject(new DependencyUnavailable('billing')))).toBe(0);
  expect(row()).toMatchObject({
    status: 'waiting',
    attempts: 0,
    interruptions: 1,
    reason: 'billing is unavailable: billing is unavailable',
  });
});

test('touches nothing when it is not its turn', async () => {
  await run(() => Promise.resolve());
  const handler = jest.fn();
  expect(await run(handler, { worker: 'task-2' })).toBe(75);
  expect(await run(handler, { env: { ...env, [DispatchEnv.epoch]: '2' } })).toBe(75);
  expect(await run(handler, { env: { ...env, [DispatchEnv.fileId]: 'other' } })).toBe(75);
  expect(handler).not.toHaveBeenCalled();
});

test('aborts the handler as soon as its turn is lost', async () => {
  const code = await run(async ({ signal }) => {
    await dispatcher.apply('1', { type: 'stopped', epoch: 1, worker: 'task-1', reason: 'ECS says so' });
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  });
  expect(code).toBe(75);
  expect(row()).toMatchObject({ status: 'waiting', reason: 'ECS says so' });
});

test('sends heartbeats while the handler runs', async () => {
  await run(async () => {
    const { dueAt } = row();
    await new Promise((done) => setTimeout(done, 60));
    expect(row().dueAt).toBeGreaterThan(dueAt!);
  });
});

test('an attempt that was requested to stop does not count', async () => {
  const controller = new AbortController();
  const code = await run(
    async ({ signal }) => {
      controller.abort(new Error('SIGTERM'));
      await Promise.resolve();
      signal.throwIfAborted();
    },
    { stop: controller.signal },
  );
  expect(code).toBe(0);
  expect(row()).toMatchObject({ status: 'waiting', attempts: 0, interruptions: 1 });
});

test('throws every problem of the environment together, by name', async () => {
  await expect(run(() => Promise.resolve(), { env: { [DispatchEnv.epoch]: '0' } })).rejects.toThrow(ConfigurationError);
  await expect(run(() => Promise.resolve(), { env: { [DispatchEnv.epoch]: '0' } })).rejects.toThrow(
    /FILEWORKS_FILE_ID[\s\S]*FILEWORKS_FILE_EPOCH/,
  );
});

const LOG = { 'awslogs-region': 'eu-central-1', 'awslogs-group': '/ecs/files', 'awslogs-stream': 'file/worker/7' };

test.each([
  ['with its log', { LogOptions: LOG }, 'eu-central-1:/ecs/files:file/worker/7'],
  ['without the log of another driver', { LogOptions: { region: 'x' } }, undefined],
  ['without a log', {}, undefined],
  ['without a log of a name that is none', { LogOptions: { ...LOG, 'awslogs-group': 'x'.repeat(513) } }, undefined],
  ['without a log if ECS does not answer', undefined, undefined],
])('reads the name of its task from ECS, %s', async (_, container, log) => {
  const fetched = jest
    .spyOn(globalThis, 'fetch')
    .mockImplementation((url) =>
      url === 'http://169.254.170.2/v4/x/task'
        ? Promise.resolve(Response.json({ TaskARN: 'arn:task/7' }))
        : container === undefined
          ? Promise.reject(new Error('timeout'))
          : Promise.resolve(Response.json(container)),
    );
  await runFileTask(() => Promise.resolve(), {
    store,
    env: { ...env, ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/x' },
    stop,
  });
  expect(row()).toMatchObject({ status: 'completed', worker: 'arn:task/7' });
  expect(row().log).toBe(log);
  fetched.mockRestore();
});
