import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DispatchStateEnv } from '../../src/contract/dispatch-env';
import { DispatchSweep } from '../../src/contract/dispatch-config';
import { RECONCILED_REASON } from '../../src/contract/object-event';
import { handler as ingress } from '../../src/handlers/dispatch-ingress';
import type { DynamoDbStore, FileRow } from '../../src/runtime/dispatch/index.js';
import { fileTaskHandler } from '../../src/runtime/jobs/file-task-handler.js';
import { silentLogger } from '../../src/runtime/support/logger.js';
import { createDispatchTable } from '../support/dispatch-table';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local';
import { DispatchBench, launch, type LaunchedTask, rule, s3Event } from './support/dispatch-bench';

// DynamoDB Local takes seconds for a call on a busy machine
jest.setTimeout(60_000);

const tableName = 'handlers';
const stateMachineArn = 'arn:aws:states:eu-central-1:111122223333:stateMachine:unpack';
let server: DynamoDbLocal;
let store: DynamoDbStore;
let client: DynamoDBClient;
const bench = new DispatchBench(() => ({ store }));

beforeAll(async () => {
  server = await startDynamoDbLocal();
  bench.deploy(
    { AWS_ENDPOINT_URL_DYNAMODB: server.endpoint, [DispatchStateEnv.tableName]: tableName },
    [
      rule('A'),
      rule('B', { slots: 0, exhausted: 'park' }),
      rule('C'),
      rule('D'),
      rule('E', { overwrite: 'each' }),
      rule('Q'),
      rule('P', { keys: ['^P/(?<customer>[^/]+)/.*$'], sequencePart: 'customer' }),
      rule('S'),
    ],
    { A: launch, B: launch, D: launch, P: launch, Q: { queueUrl: 'files', fifo: false }, S: { stateMachineArn } },
  );
  client = new DynamoDBClient();
  store = await createDispatchTable(client, tableName);
}, 600_000);
afterAll(async () => {
  client.destroy();
  await server.stop();
});

const row = async (task: LaunchedTask): Promise<FileRow> => (await store.file(task.env.FILEWORKS_FILE_ID))!;

test('files of a sequential type run one after another, by the time of their events', async () => {
  await bench.ingress(s3Event('A/1', 5));
  await bench.ingress(s3Event('A/3', 30), s3Event('A/2', 20), s3Event('A/2', 20));
  await bench.launchAll();
  const order: string[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    expect(bench.tasks).toHaveLength(turn + 1);
    order.push(bench.tasks[turn].env.FILEWORKS_FILE_KEY);
    await expect(bench.work(bench.tasks[turn])).resolves.toBe(0);
    await expect(bench.end('A')).resolves.toEqual({ batchItemFailures: [] });
    await bench.launchAll();
  }
  expect(order).toEqual(['A/1', 'A/2', 'A/3']);
  expect(bench.lines.filter((line) => line.FilesCompleted === 1 && line.Type === 'A')).toHaveLength(3);
  expect(bench.tasks.map(({ env }) => env.FILEWORKS_FILE_FENCE)).toEqual(['1', '2', '3']);
});

test('a task that stopped, according to ECS, is retried; then its file is blocked until an operator redrives it', async () => {
  await bench.ingress(s3Event('A/4', 40), s3Event('A/5', 50));
  await bench.launchAll();
  await expect(bench.work(bench.tasks[0], () => Promise.reject(new Error('bad file')))).resolves.toBe(1);
  await new Promise((done) => setTimeout(done, 1_050));
  bench.wakes.push((await row(bench.tasks[0])).id);
  await bench.launchAll();
  const second = bench.tasks[1];
  expect(second.env).toMatchObject({ FILEWORKS_FILE_KEY: 'A/4', FILEWORKS_FILE_EPOCH: '2' });
  const dying = bench.work(second, () => bench.taskStopped(second).then(() => 'unheard'));
  await expect(dying).resolves.toBe(75);
  expect(await row(second)).toMatchObject({ status: 'blocked', reason: 'EssentialContainerExited: no reason given' });

  await bench.watcher(DispatchSweep);
  const metrics = bench.metrics();
  expect(metrics).toContainEqual(
    expect.objectContaining({ Dispatcher: 'Dispatcher', BlockedFiles: 1, ParkedFiles: 0, PausedScopes: 0 }),
  );
  expect(metrics).toContainEqual(
    expect.objectContaining({
      Dispatcher: 'Dispatcher',
      Type: 'A',
      BlockedFiles: 1,
      OldestQueuedFileAge: expect.any(Number) as number,
    }),
  );
  expect(metrics).toContainEqual(
    expect.objectContaining({ Dispatcher: 'Dispatcher', Type: 'B', BlockedFiles: 0, OldestQueuedFileAge: 0 }),
  );
  expect(metrics.at(-1)).toMatchObject({ Dispatcher: 'Dispatcher', SweepsCompleted: 1 });
  const { id } = await row(second);
  await expect(bench.operator({ action: 'list', type: 'A', status: 'blocked' })).resolves.toMatchObject({
    files: [{ id, status: 'blocked' }],
  });
  await expect(bench.operator({ action: 'redrive', file: id, by: 'alice' })).resolves.toMatchObject({
    outcome: 'changed',
    file: { status: 'starting', attempts: 1 },
  });
  expect(bench.lines).toContainEqual(
    expect.objectContaining({
      message: 'operator',
      audit: true,
      by: 'alice',
      requestId: 'request-1',
      request: { action: 'redrive', file: id, by: 'alice' },
      before: expect.objectContaining({ status: 'blocked', attempts: 2 }),
      after: expect.objectContaining({ status: 'starting', attempts: 1 }),
    }),
  );
  await bench.launchAll();
  await expect(bench.work(bench.tasks[2])).resolves.toBe(0);
});

test('the sweeper detects the end of a task without an ECS event, and stops a task without heartbeats first', async () => {
  await bench.ingress(s3Event('B/1', 1));
  await bench.launchAll();
  const [task] = bench.tasks;
  let release: () => void = () => undefined;
  const working = bench.work(
    task,
    () =>
      new Promise<void>((done) => {
        release = done;
      }),
  );
  for (let tries = 0; tries < 200 && (await row(task)).status !== 'running'; tries += 1) {
    await new Promise((done) => setTimeout(done, 10));
  }
  const later = Date.now() + 120_000;
  jest.spyOn(Date, 'now').mockReturnValue(later);
  await bench.watcher(DispatchSweep);
  expect(bench.asked).toEqual([task.arn]);
  expect((await row(task)).status).toBe('running');

  bench.stopped.add(task.arn);
  jest.spyOn(Date, 'now').mockReturnValue(later + 120_000);
  await bench.watcher(DispatchSweep);
  expect((await row(task)).status).toBe('waiting');
  jest.spyOn(Date, 'now').mockRestore();
  release();
  await expect(working).resolves.toBe(75);
});

test('what is paused is neither launched nor claimed; a resume makes up for it', async () => {
  await bench.ingress(s3Event('B/20', 20));
  await expect(bench.operator({ action: 'pause', scope: '*', reason: 'maintenance' })).resolves.toMatchObject({
    outcome: 'changed',
    paused: { '*': { reason: 'maintenance' } },
  });
  await bench.ingress(s3Event('D/20', 20));
  await bench.launchAll();
  expect(bench.tasks).toEqual([]);
  const {
    files: [queued],
  } = (await bench.operator({ action: 'list', type: 'D', status: 'queued' })) as { files: FileRow[] };
  expect(queued.object.key).toBe('D/20');
  await expect(bench.operator({ action: 'list', type: 'B', status: 'starting' })).resolves.toMatchObject({
    files: [{ object: { key: 'B/20' } }],
    more: false,
    paused: { '*': { reason: 'maintenance' } },
  });

  await bench.operator({ action: 'resume', scope: '*' });
  expect(bench.lines).toContainEqual(
    expect.objectContaining({
      audit: true,
      before: { '*': expect.objectContaining({ reason: 'maintenance' }) },
      after: {},
    }),
  );
  await bench.launchAll();
  expect(bench.tasks.map(({ env }) => env.FILEWORKS_FILE_KEY).sort()).toEqual(['B/20', 'D/20']);
  for (const task of bench.tasks) {
    await bench.work(task);
  }
  await expect(bench.operator({ action: 'show', bucket: 'inbox', key: 'D/20' })).resolves.toMatchObject({
    file: { status: 'completed' },
  });
});

test('scopes are understood as people write them, and unknown ones are refused with the nearest', async () => {
  await bench.ingress(s3Event('P/müller/1', 1), s3Event('P/müller/2', 2));
  const paused = ['P/müller', 'P/m%C3%BCller'].map((scope) => ({ action: 'pause', scope, reason: 'maintenance' }));
  await expect(bench.operator(paused[0])).resolves.toMatchObject({
    outcome: 'changed',
    paused: { 'P/m%C3%BCller': { reason: 'maintenance' } },
  });
  await expect(bench.operator(paused[1])).resolves.toMatchObject({ outcome: 'kept' });
  await expect(bench.operator({ action: 'pause', scope: 'P/mueller', reason: 'x' })).rejects.toThrow(
    'the nearest is P/m%C3%BCller; types are',
  );
  await bench.launchAll();
  expect(bench.tasks).toEqual([]);
  await expect(bench.operator({ action: 'resume', scope: 'P/müller' })).resolves.toMatchObject({ paused: {} });
  await expect(bench.operator({ action: 'drive', sequence: 'P/müller' })).resolves.toEqual({
    outcome: 'driven',
    sequence: 'P/m%C3%BCller',
  });
  await bench.launchAll();
  expect(bench.tasks).toHaveLength(1);
  await bench.work(bench.tasks[0]);
});

test('the pause of a type that was removed can be ended', async () => {
  await store.commit([
    {
      kind: 'pause',
      row: { version: 99, scopes: { Gone: { since: 0, reason: 'x' } } },
      seen: (await store.pauses())!.version,
    },
  ]);
  await expect(bench.operator({ action: 'pause', scope: 'Gone', reason: 'x' })).rejects.toThrow(
    'scope Gone is neither',
  );
  await expect(bench.operator({ action: 'resume', scope: 'Gone' })).resolves.toMatchObject({
    outcome: 'changed',
    paused: {},
  });
});

test('a running file is canceled: its task is stopped, and then the file is skipped, with an audit', async () => {
  await bench.ingress(s3Event('B/50', 50));
  await bench.launchAll();
  const [task] = bench.tasks;
  const { id } = await row(task);
  await bench.work(task, async () => {
    await expect(
      bench.operator({ action: 'cancel', file: id, reason: 'wrong file', by: 'alice' }),
    ).resolves.toMatchObject({ outcome: 'changed', file: { status: 'running', cancelReason: 'wrong file' } });
    await bench.launchAll();
    expect(bench.asked).toEqual([task.arn]);
    await bench.taskStopped(task);
  });
  expect(await row(task)).toMatchObject({ status: 'skipped', reason: 'wrong file' });
  expect(bench.lines).toContainEqual(
    expect.objectContaining({ audit: true, by: 'alice', request: expect.objectContaining({ action: 'cancel' }) }),
  );
});

test('an object found by a reconciliation is registered, unless it is unknown whether it was before', async () => {
  const listed = (key: string) =>
    JSON.stringify({
      id: 'reconcile-1',
      time: '2026-11-21T08:00:00Z',
      'detail-type': 'Object Created',
      detail: { bucket: { name: 'inbox' }, object: { key, size: 1, etag: 'e' }, reason: RECONCILED_REASON },
    });
  await bench.ingress(listed('B/30'), listed('E/30'));
  expect(bench.wakes).toHaveLength(1);
  expect((await store.file(bench.wakes[0]))?.object.key).toBe('B/30');
  bench.wakes.length = 0;
});

test('a worker of a queue takes the turn of a file, and the next one follows', async () => {
  await bench.ingress(s3Event('Q/1', 1), s3Event('Q/2', 2));
  await bench.launchAll();
  const turns = () =>
    bench.sent.map(
      (body) => JSON.parse(body) as { object: { key: string }; payload: { fileId: string; epoch: number } },
    );
  expect(turns()).toMatchObject([{ object: { key: 'Q/1' }, payload: { epoch: 1, fence: 1 } }]);
  for (const turn of [0, 1]) {
    const { payload, object } = turns()[turn];
    const work = fileTaskHandler(() => Promise.resolve({ worked: object.key }), { store });
    await work(
      { id: `message-${turn}`, queueName: 'files', body: payload } as never,
      { signal: new AbortController().signal, log: silentLogger } as never,
    );
    await bench.end('Q');
    await bench.launchAll();
    expect(await store.file(payload.fileId)).toMatchObject({ status: 'completed', result: { worked: object.key } });
  }
  expect(turns().map(({ object }) => object.key)).toEqual(['Q/1', 'Q/2']);
});

test('an execution is the turn of a file: it began by being started, and ends it as it ends', async () => {
  // Events of one batch are registered at the same time
  await bench.ingress(s3Event('S/1', 1));
  await bench.ingress(s3Event('S/2', 2));
  await bench.launchAll();
  expect(bench.executions).toHaveLength(1);
  const ended = (name: string, status: string, more: object = {}) =>
    bench.watcher({
      'detail-type': 'Step Functions Execution Status Change',
      detail: {
        executionArn: `arn:aws:states:eu-central-1:111122223333:execution:unpack:${name}`,
        name,
        status,
        ...more,
      },
    });
  const rowOf = async (name: string) => store.file(name.split('-')[1]);
  expect(await rowOf(bench.executions[0])).toMatchObject({
    status: 'running',
    worker: expect.stringMatching(/:execution:unpack:D1-[a-z2-7]{52}-1$/) as string,
  });
  await ended('somebody-elses-1', 'FAILED');
  await ended(bench.executions[0], 'FAILED', { error: 'States.TaskFailed', cause: null });
  expect(await rowOf(bench.executions[0])).toMatchObject({
    status: 'waiting',
    attempts: 1,
    reason: 'FAILED: States.TaskFailed',
  });
  await new Promise((done) => setTimeout(done, 1_050));
  bench.wakes.push((await rowOf(bench.executions[0]))!.id);
  await bench.launchAll();
  await ended(bench.executions[1], 'SUCCEEDED');
  expect(await rowOf(bench.executions[1])).toMatchObject({ status: 'completed', epoch: 2, object: { key: 'S/1' } });
  await bench.end('S');
  await bench.launchAll();
  expect(await rowOf(bench.executions[2])).toMatchObject({ status: 'running', object: { key: 'S/2' } });
});

test('what has no type, or cannot be read, goes to the dead-letter queue with its reason', async () => {
  await expect(bench.ingress(s3Event('Z/1', 1), '{}', s3Event('A/1', 1, 'Object Tags Added'))).resolves.toEqual({
    batchItemFailures: [],
  });
  expect(bench.deadLetters.map(({ reason }) => reason).sort()).toEqual([
    'expected an event "Object Created" or "Object Deleted", got: Object Tags Added',
    'expected detail to be a JSON object',
    'no type matches the key Z/1',
  ]);
});

test('an event that comes without a queue is registered too; one that fails is thrown, for Lambda to try it again', async () => {
  const event = JSON.parse(s3Event('D/40', 40)) as { id: string };
  await expect(ingress(event)).resolves.toBeUndefined();
  expect((await store.file(bench.wakes[0]))?.object.key).toBe('D/40');
  await expect(ingress({ id: 'unreadable' })).resolves.toBeUndefined();
  expect(bench.deadLetters).toEqual([{ body: '{"id":"unreadable"}', reason: 'expected detail to be a JSON object' }]);
  const away = jest.spyOn(DynamoDBClient.prototype, 'send').mockImplementation(() => {
    throw new Error('table away');
  });
  await expect(ingress(JSON.parse(s3Event('D/41', 41)) as { id: string })).rejects.toThrow('table away');
  away.mockRestore();
  await bench.launchAll();
  await bench.work(bench.tasks[0]);
});

test('a file whose type no longer has a target is blocked, with the reason', async () => {
  await bench.ingress(s3Event('C/1', 1));
  const [id] = bench.wakes;
  await bench.launchAll();
  expect(await store.file(id)).toMatchObject({
    status: 'blocked',
    reason: 'type C no longer has a target',
    attempts: 0,
  });
  await expect(bench.operator({ action: 'skip', file: id, reason: 'retired' })).resolves.toMatchObject({
    file: { status: 'skipped', reason: 'retired' },
  });
});

test('an object that was deleted before its turn is skipped', async () => {
  await bench.ingress(s3Event('D/8', 8));
  await bench.ingress(s3Event('D/9', 9));
  await bench.ingress(s3Event('D/9', 10, 'Object Deleted'));
  await bench.launchAll();
  await bench.work(bench.tasks[0]);
  await bench.end('D');
  await bench.launchAll();
  expect(bench.tasks.map(({ env }) => env.FILEWORKS_FILE_KEY)).toEqual(['D/8']);
});

test('a file of a bucket with versions is shown by its key and version', async () => {
  const event = JSON.parse(s3Event('B/30', 30)) as { detail: { object: Record<string, unknown> } };
  event.detail.object['version-id'] = 'v-1';
  await bench.ingress(JSON.stringify(event));
  const show = { action: 'show', bucket: 'inbox', key: 'B/30' };
  await expect(bench.operator({ ...show, versionId: 'v-1' })).resolves.toMatchObject({
    file: { object: { key: 'B/30', versionId: 'v-1' } },
  });
  await expect(bench.operator({ ...show, versionId: 'v-2' })).resolves.toEqual({ file: null });
});

test.each<[string, unknown, RegExp]>([
  ['no action', {}, /action must be one of/],
  [
    'an action that no text can be made of',
    { action: { toString: null, valueOf: null } },
    /action must be one of .*, got: object/,
  ],
  [
    'a status that is not listed',
    { action: 'list', type: 'A', status: 'completed' },
    /status must be one of queued, starting, running, waiting, blocked, parked, got: completed/,
  ],
  [
    'a limit out of range',
    { action: 'list', type: 'A', status: 'parked', limit: 5_000 },
    /limit must be a whole number from 1 to 1000/,
  ],
  [
    'a scope that is no type',
    { action: 'pause', scope: 'Z/1', reason: 'x' },
    /scope Z\/1 is neither \*, a type, nor a sequence with files; the nearest is A; types are A, B, C, D/,
  ],
  ['a resume of what is not paused', { action: 'resume', scope: 'Z' }, /scope Z is neither/],
  ['a sequence without files', { action: 'drive', sequence: 'A/typo' }, /scope A\/typo is neither/],
  ['an unknown file', { action: 'redrive', file: 'x' }, /file x is not registered/],
  [
    'a time long ago',
    { action: 'reconcile', bucket: 'inbox', since: '2020-01-01T00:00:00Z' },
    /since must be a time in ISO 8601 and at most 89 days ago/,
  ],
  ['no time', { action: 'reconcile', bucket: 'inbox', since: 'yesterday' }, /since must be a time/],
  ['no file', { action: 'redrive' }, /file must be text/],
  ['no reason', { action: 'skip', file: 'x' }, /reason must be text/],
])('throws for a request with %s', async (_, request, message) => {
  await expect(bench.operator(request)).rejects.toThrow(message);
});
