import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ClientException } from '@aws-sdk/client-ecs';
import { DispatchSweep } from '../../src/contract/dispatch-config';
import { DispatchStateEnv } from '../../src/contract/dispatch-env';
import type { DynamoDbStore } from '../../src/runtime/dispatch/index.js';
import { createDispatchTable } from '../support/dispatch-table';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local';
import { DispatchBench, launch, rule, s3Event } from './support/dispatch-bench';

/** What may come in that is wrong: where each ends, in the row and in the metric that its alarm is on. */
const tableName = 'bad-input';
let server: DynamoDbLocal;
let client: DynamoDBClient;
let store: DynamoDbStore;
const bench = new DispatchBench(() => ({ store }));

beforeAll(async () => {
  server = await startDynamoDbLocal();
  const types = ['Long', 'Inactive', 'Unpullable', 'Crash', 'Deleted', 'Removed'];
  const targets = Object.fromEntries(types.filter((type) => type !== 'Removed').map((type) => [type, launch]));
  bench.deploy(
    { AWS_ENDPOINT_URL_DYNAMODB: server.endpoint, [DispatchStateEnv.tableName]: tableName },
    types.map((type) => rule(type, { keys: [`^${type}/`] })),
    targets,
  );
  client = new DynamoDBClient();
  store = await createDispatchTable(client, tableName);
}, 600_000);
afterAll(async () => {
  client.destroy();
  await server.stop();
});
jest.setTimeout(60_000);

/** Registers a file, processes its wake-ups, and returns its id. */
async function take(event: string): Promise<string> {
  await expect(bench.ingress(event)).resolves.toEqual({ batchItemFailures: [] });
  const [id] = bench.wakes;
  await bench.launchAll();
  return id;
}

/** What a sweep says of a type, and of all. */
async function sweep(
  type: string,
): Promise<{ ofType: Record<string, unknown> | undefined; ofAll: Record<string, unknown> | undefined }> {
  bench.lines.length = 0;
  await bench.watcher(DispatchSweep);
  const metrics = bench.metrics().filter((line) => 'BlockedFiles' in line);
  return { ofType: metrics.find((line) => line.Type === type), ofAll: metrics.find((line) => !('Type' in line)) };
}

test('overrides that ECS would not take block the file', async () => {
  const event = JSON.parse(s3Event(`Long/${'\u0001'.repeat(1_000)}`, 1)) as { detail: { object: object } };
  Object.assign(event.detail.object, { 'version-id': '"'.repeat(1_024) });
  const id = await take(JSON.stringify(event));
  expect(bench.tasks).toEqual([]);
  expect(await store.file(id)).toMatchObject({
    status: 'blocked',
    attempts: 0,
    reason: 'the overrides of the task are longer than 8192 characters',
  });
  const { ofType, ofAll } = await sweep('Long');
  expect(ofType).toMatchObject({ BlockedFiles: 1 });
  expect(ofAll?.BlockedFiles).toBeGreaterThanOrEqual(1);
});

test('a task definition that ECS refuses blocks the file at once, without an attempt', async () => {
  bench.runTask = () => {
    throw new ClientException({ $metadata: {}, message: 'TaskDefinition not found.' });
  };
  const id = await take(s3Event('Inactive/1', 1));
  expect(await store.file(id)).toMatchObject({
    status: 'blocked',
    attempts: 0,
    reason: 'ClientException: TaskDefinition not found.',
  });
  expect((await sweep('Inactive')).ofType).toMatchObject({ BlockedFiles: 1 });
});

test('a task that ECS takes and cannot start uses up the attempts, then blocks', async () => {
  const id = await take(s3Event('Unpullable/1', 1));
  const stopped = {
    stopCode: 'TaskFailedToStart',
    stoppedReason: 'CannotPullContainerError: pull image manifest has been retried 5 time(s)',
  };
  await bench.taskStopped(bench.tasks[0], stopped);
  expect(await store.file(id)).toMatchObject({ status: 'waiting', attempts: 1 });
  await new Promise((done) => setTimeout(done, 1_050));
  bench.wakes.push(id);
  await bench.launchAll();
  await bench.taskStopped(bench.tasks[1], stopped);
  expect(await store.file(id)).toMatchObject({
    status: 'blocked',
    attempts: 2,
    reason: `TaskFailedToStart: ${stopped.stoppedReason}`,
  });
  expect((await sweep('Unpullable')).ofType).toMatchObject({ BlockedFiles: 1 });
});

test('a function that dies between the claim and RunTask, or behind it, leaves a file that the sweeper launches with the same token', async () => {
  await bench.ingress(s3Event('Crash/1', 1));
  const [id] = bench.wakes.splice(0);
  expect(await store.file(id)).toMatchObject({ status: 'starting', epoch: 1 });
  const tokens: (string | undefined)[] = [];
  const claimed = Date.now();
  for (const [minutes, answer] of [
    [16, new Error('socket hang up')],
    [32, undefined],
  ] as const) {
    bench.runTask = ({ input }) => {
      tokens.push(input.clientToken);
      if (answer) {
        throw answer;
      }
      return undefined;
    };
    jest.spyOn(Date, 'now').mockReturnValue(claimed + minutes * 60_000);
    await bench.watcher(DispatchSweep);
  }
  jest.spyOn(Date, 'now').mockRestore();
  expect(tokens).toEqual([tokens[0], tokens[0]]);
  expect(bench.tasks).toHaveLength(1);
  await expect(bench.work(bench.tasks[0])).resolves.toBe(0);
  expect(await store.file(id)).toMatchObject({ status: 'completed', attempts: 1 });
});

test.each([
  ['no JSON', 'not JSON', 'the body is not JSON'],
  [
    'no object',
    '{"id":"1","time":"2026-11-21T08:00:00Z","detail-type":"Object Created","detail":{}}',
    'expected detail.object to be a JSON object',
  ],
  [
    'no time',
    s3Event('Crash/9', 9).replace('2026-11-21T08:00:09Z', 'yesterday'),
    'Expected the time of an event in ISO 8601, got: "yesterday"',
  ],
  [
    'a sequencer that is none',
    s3Event('Crash/9', 9).replace('"0009"', '"zz"'),
    'Expected a sequencer to be 1 to 32 hexadecimal digits, got: "zz"',
  ],
])('an event with %s goes to the dead-letter queue, and says why', async (_, body, reason) => {
  await expect(bench.ingress(body)).resolves.toEqual({ batchItemFailures: [] });
  expect(bench.deadLetters).toEqual([{ body, reason }]);
  expect(bench.wakes).toEqual([]);
});

test('files of a removed type are reported while they are blocked', async () => {
  const id = await take(s3Event('Removed/1', 1));
  await bench.ingress(s3Event('Removed/2', 2));
  expect(await store.file(id)).toMatchObject({ status: 'blocked', reason: 'type Removed no longer has a target' });
  const others = Number((await sweep('Removed')).ofAll?.BlockedFiles) - 1;
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 3 * 86_400_000);
  const { ofType, ofAll } = await sweep('Removed');
  expect(ofType).toMatchObject({ BlockedFiles: 1 });
  expect(ofType?.OldestQueuedFileAge).toBeGreaterThan(2 * 86_400);
  expect(ofAll).toMatchObject({ BlockedFiles: others + 1, OldestQueuedFileAge: ofType?.OldestQueuedFileAge });
  jest.spyOn(Date, 'now').mockRestore();
  await bench.operator({ action: 'skip', file: id, reason: 'retired' });
  await bench.launchAll();
  const {
    files: [next],
  } = (await bench.operator({ action: 'list', type: 'Removed', status: 'blocked' })) as { files: { id: string }[] };
  await bench.operator({ action: 'skip', file: next.id, reason: 'retired' });
  expect((await sweep('Removed')).ofType).toBeUndefined();
});

test('a file that is deleted before its turn is skipped, and counted as that', async () => {
  await take(s3Event('Deleted/1', 1));
  await bench.ingress(s3Event('Deleted/2', 2));
  await bench.ingress(s3Event('Deleted/2', 3, 'Object Deleted'));
  const { file } = (await bench.operator({ action: 'show', bucket: 'inbox', key: 'Deleted/2' })) as {
    file: { id: string };
  };
  expect(file).toMatchObject({ status: 'skipped', reason: 'deleted' });
  const image = { id: { S: file.id }, type: { S: 'Deleted' }, status: { S: 'skipped' }, sequence: { S: 'Deleted' } };
  await bench.watcher({ Records: [{ dynamodb: { SequenceNumber: '1', NewImage: image } }] });
  expect(bench.metrics()).toContainEqual(expect.objectContaining({ Type: 'Deleted', FilesSkipped: 1 }));
  expect(bench.tasks).toHaveLength(1);
});
