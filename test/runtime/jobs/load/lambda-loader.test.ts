import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DependencyUnavailable } from '../../../../src/runtime/index.js';
import { ManualClock } from '../../../../src/runtime/testing/index.js';
import { LoaderBench, numbers, orders } from './support';
import { LoaderEnv } from '../../../../src/contract/loader-env';
import { WorkerEnv } from '../../../../src/contract/worker-env';
import type { LedgerFile } from '../../../../src/runtime/database/index.js';
import { PoisonMessage } from '../../../../src/runtime/errors.js';
import { fileLoader, largeFileLoader, type LambdaLoaderOptions } from '../../../../src/runtime/jobs/load/index.js';
import { silentLogger } from '../../../../src/runtime/support/logger.js';
import { StubSqs } from '../../support/stub-sqs';

jest.setTimeout(120_000);

let bench: LoaderBench;
const queues = new StubSqs();
let sqs: SQSClient;
let lines: Record<string, unknown>[];

beforeAll(async () => {
  bench = await LoaderBench.start();
  await queues.listen();
  sqs = new SQSClient({
    endpoint: queues.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
});
beforeEach(async () => {
  lines = [];
  await received('dead');
  queues.fault = () => undefined;
  await bench.empty();
});
afterAll(async () => {
  sqs.destroy();
  await queues.close();
  // Loaders keep their connections, as functions do
  await bench.eye.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
    'fileworks-loader',
  ]);
  await bench.stop();
});

const setup = (env: object = {}) => ({
  routes: [orders],
  client: bench.client,
  connectAs: () => Promise.resolve({ connectionString: bench.server.connectionString }),
  env: {
    [LoaderEnv.name]: 'test',
    [WorkerEnv.deadLetterQueueUrl]: queues.urlOf('dead'),
    [LoaderEnv.largeFileQueueUrl]: queues.urlOf('large'),
    [LoaderEnv.maxFileBytes]: '1000',
    ...env,
  },
});
const loader = (options: Partial<LambdaLoaderOptions> = {}) =>
  fileLoader({
    ...setup(),
    sqs,
    logger: silentLogger,
    writeMetrics: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    ...options,
  });
const record = (messageId: string, body: unknown) => ({
  messageId,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const notification = ({ object: { bucket, key, size, etag, sequencer } }: LedgerFile, more: object = {}) => ({
  Records: [
    {
      eventName: 'ObjectCreated:Put',
      s3: { bucket: { name: bucket }, object: { key: encodeURIComponent(key), size, eTag: etag, sequencer, ...more } },
    },
  ],
});
const eventBridge = ({ object: { bucket, key, size, etag, sequencer } }: LedgerFile) => ({
  id: 'event-7',
  'detail-type': 'Object Created',
  source: 'aws.s3',
  detail: { bucket: { name: bucket }, object: { key, size, etag, sequencer } },
});
async function received(queue: string) {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queues.urlOf(queue),
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
    }),
  );
  for (const { ReceiptHandle } of Messages) {
    await sqs.send(new DeleteMessageCommand({ QueueUrl: queues.urlOf(queue), ReceiptHandle }));
  }
  return Messages;
}

test('loads what notifications, events and job messages name, and counts it', async () => {
  const [one, two, three] = await Promise.all(
    numbers(1, 3).map((id) => bench.put(`a b/ü ${id}.json`, bench.order(id))),
  );
  const job = { fileworksJob: 1, type: 'load', object: three.object };
  expect(
    await loader()({
      Records: [
        record('1', notification(one)),
        record('2', eventBridge(two)),
        record('3', job),
        record('4', { Service: 'Amazon S3', Event: 's3:TestEvent' }),
      ],
    }),
  ).toEqual({ batchItemFailures: [] });
  expect(await bench.ids()).toEqual([1, 2, 3]);
  expect(lines).toEqual([
    expect.objectContaining({
      Loader: 'test',
      FilesLoaded: 3,
      RowsLoaded: 3,
      BytesLoaded: one.object.size! + two.object.size! + three.object.size!,
    }),
  ]);
});

test('puts a bad file and a message that names none on the dead-letter queue with the reason, and answers for neither', async () => {
  const [good, bad] = [await bench.put('1.json', bench.order(1)), await bench.put('2.json', '{"id":2,\n"quantity":}')];
  expect(
    await loader()({
      Records: [record('good', notification(good)), record('bad', notification(bad)), record('other', '{"hello":1}')],
    }),
  ).toEqual({ batchItemFailures: [] });
  const dead = await received('dead');
  expect(
    dead.map(({ MessageAttributes }) => [
      MessageAttributes?.['fileworks-source-message-id']?.StringValue,
      MessageAttributes?.['fileworks-poison-reason']?.StringValue,
    ]),
  ).toEqual([
    ['other', expect.stringContaining('not an S3 event')],
    ['bad', expect.stringMatching(/^line 2: not JSON/)],
  ]);
  expect(dead[1].Body).toBe(JSON.stringify(notification(bad)));
  expect(lines).toEqual([expect.objectContaining({ FilesLoaded: 1, FilesRejected: 1 })]);
});

test('gives a file over the limit to the queue for large files without reading it, and a worker loads it once', async () => {
  const file = await bench.put('large.json', bench.order(1, { text: 'x'.repeat(2_000) }));
  bench.s3.forget();
  const event = { Records: [record('1', eventBridge(file))] };
  expect(await loader()(event)).toEqual({ batchItemFailures: [] });
  expect(bench.s3.requests).toEqual([]);
  const [{ Body = '' }] = await received('large');
  const job = JSON.parse(Body) as { object: LedgerFile['object']; correlationId: string };
  expect(job).toMatchObject({ fileworksJob: 1, type: 'load-file', correlationId: 'event-7', object: file.object });

  const work = largeFileLoader(setup());
  const context = {
    signal: new AbortController().signal,
    log: silentLogger,
    correlationId: job.correlationId,
  } as never;
  await work({ object: job.object } as never, context);
  await work({ object: job.object } as never, context);
  expect(await bench.ids()).toEqual([1]);
  const bad = await bench.put('bad.json', '{');
  for (const object of [bad.object, { bucket: 'inbox', key: 'a\0b', etag: 'e' }]) {
    await expect(Promise.resolve(work({ object } as never, context))).rejects.toThrow(PoisonMessage);
  }
});

test('rejects a file over the limit where there is no queue for it', async () => {
  const file = await bench.put('large.json', 'x'.repeat(2_000));
  expect(
    await loader(setup({ [LoaderEnv.largeFileQueueUrl]: undefined }))({ Records: [record('1', eventBridge(file))] }),
  ).toEqual({ batchItemFailures: [] });
  expect(
    (await received('dead')).map(
      ({ MessageAttributes }) => MessageAttributes?.['fileworks-poison-reason']?.StringValue,
    ),
  ).toEqual([expect.stringContaining('no large file queue')]);
  expect(lines).toEqual([expect.objectContaining({ FilesRejected: 1 })]);
});

test('leaves to SQS what it cannot send on: a dead-letter queue that does not answer, or that it does not know', async () => {
  const bad = await bench.put('2.json', '{');
  const event = { Records: [record('bad', notification(bad))] };
  expect(await loader(setup({ [WorkerEnv.deadLetterQueueUrl]: undefined }))(event)).toEqual({
    batchItemFailures: [{ itemIdentifier: 'bad' }],
  });
  queues.fault = ({ operation }) =>
    operation === 'SendMessage' ? { kind: 'status', status: 500, code: 'InternalError' } : undefined;
  expect(await loader()(event)).toEqual({ batchItemFailures: [{ itemIdentifier: 'bad' }] });
});

test('redelivers every message when the database is unavailable, including rejected ones, and loads them when it is available again', async () => {
  const files = [await bench.put('1.json', bench.order(1)), await bench.put('2.json', '{')];
  const event = { Records: files.map((file, index) => record(String(index), notification(file))) };
  let away = true;
  const load = loader({
    connectAs: () =>
      Promise.resolve(away ? { host: '127.0.0.1', port: 1 } : { connectionString: bench.server.connectionString }),
  });
  expect(await load(event)).toEqual({ batchItemFailures: [{ itemIdentifier: '0' }, { itemIdentifier: '1' }] });
  expect(lines).toEqual([expect.objectContaining({ FilesFailed: 2 })]);
  away = false;
  expect(await load(event)).toEqual({ batchItemFailures: [] });
  expect(await bench.ids()).toEqual([1]);
});

test('refuses names with a NUL, which no database row can contain, and a file whose duplicates cannot be recognized', async () => {
  const file = await bench.put('1.json', bench.order(1));
  const nul = { ...file, object: { ...file.object, key: 'a\0.json' } };
  const nameless = { fileworksJob: 1, type: 'load', object: { bucket: 'inbox', key: '1.json' } };
  expect(
    await loader()({
      Records: [record('1', eventBridge(nul)), record('2', nameless), record('3', notification(file))],
    }),
  ).toEqual({ batchItemFailures: [] });
  expect(
    (await received('dead')).map(
      ({ MessageAttributes }) => MessageAttributes?.['fileworks-poison-reason']?.StringValue,
    ),
  ).toEqual([expect.stringContaining('NUL'), expect.stringContaining('neither a version')]);
  expect(await bench.ids()).toEqual([1]);
});

test('fails the invocation with every problem of its configuration', async () => {
  const broken = fileLoader({ routes: [orders], env: { [LoaderEnv.maxFileBytes]: 'many' }, sqs, logger: silentLogger });
  await expect(broken({ Records: [] })).rejects.toMatchObject({
    problems: [LoaderEnv.name, LoaderEnv.database, LoaderEnv.maxFileBytes].map((variable): unknown =>
      expect.stringContaining(variable),
    ),
  });
});

test('answers which objects the ledger contains: by their version, without one by the time of the record', async () => {
  const handler = fileLoader({ ...setup(), logger: silentLogger, writeMetrics: () => true });
  expect(await handler({ fileworksLedgerQuery: 1, objects: [] })).toEqual({ recorded: [] });
  await bench.eye.query(
    `INSERT INTO fileworks_file_ledger (loader, id, bucket, key, version_id, status, recorded_at) VALUES
       ('test', '1', 'inbox', 'a', 'v1', 'loaded', '2026-11-20T10:00:00Z'),
       ('test', '2', 'inbox', 'b', NULL, 'rejected', '2026-11-20T10:00:00Z'),
       ('other', '3', 'inbox', 'c', NULL, 'loaded', '2026-11-20T10:00:00Z')`,
  );
  const object = (key: string, more: object = {}) => ({
    bucket: 'inbox',
    key,
    modified: '2026-11-20T10:00:30Z',
    ...more,
  });
  const objects = [
    object('a', { versionId: 'v1' }),
    object('a', { versionId: 'v2' }),
    // The clock of the database is behind
    object('b'),
    object('b', { modified: '2026-11-20T11:00:00Z' }),
    object('c'),
  ];
  expect(await handler({ fileworksLedgerQuery: 1, objects })).toEqual({
    recorded: [true, false, true, false, false],
  });
});

test('files wait on the queue while the database is unavailable, and one message is the probe', async () => {
  const files = await Promise.all([11, 12, 13].map((id) => bench.put(`wait/${id}.json`, bench.order(id))));
  const event = { Records: files.map((file, index) => record(String(index), notification(file))) };
  let connections = 0;
  let isAway = true;
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
  const clock = new ManualClock();
  const handle = loader({
    clock,
    ...setup({ [WorkerEnv.queueUrl]: queues.urlOf('large') }),
    connectAs: () => {
      connections += 1;
      return isAway ? Promise.reject(refused) : Promise.resolve({ connectionString: bench.server.connectionString });
    },
  });
  expect(await handle(event)).toEqual({ batchItemFailures: [] });
  const tried = connections;
  expect(await handle(event)).toEqual({ batchItemFailures: [] });
  expect(connections).toBe(tried);
  await clock.advance(11_000);
  expect(await handle(event)).toEqual({ batchItemFailures: [] });
  // One message, with its retries, instead of three
  expect(connections - tried).toBeLessThan(tried);
  expect(lines).toContainEqual(
    expect.objectContaining({ Task: 'test', DependencyUnavailableTime: 11, Dependency: 'network' }),
  );
  expect(lines.filter((line) => 'Dependency' in line)).toHaveLength(6);
  isAway = false;
  await clock.advance(11_000);
  expect(await handle(event)).toEqual({ batchItemFailures: [] });
  expect((await bench.ids()).filter((id) => id > 10)).toEqual([11, 12, 13]);
});

test('a message with a refused and a failed file is redelivered, and not sent anew as well', async () => {
  const files = await Promise.all(['away', 'defect'].map((name) => bench.put(`both/${name}.json`, '{}')));
  const handle = loader({
    ...setup({ [WorkerEnv.queueUrl]: queues.urlOf('large') }),
    routes: undefined,
    load: ({ object: { key } }) =>
      Promise.reject(key.includes('away') ? new DependencyUnavailable('rates') : new Error('a defect')),
  });
  await received('large');
  const body = { Records: files.flatMap((file) => notification(file).Records) };
  expect(await handle({ Records: [record('both', body)] })).toEqual({
    batchItemFailures: [{ itemIdentifier: 'both' }],
  });
  expect(await received('large')).toEqual([]);
});
