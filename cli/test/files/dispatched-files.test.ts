import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DispatchStateEnv } from '../../../src/contract/dispatch-env';
import type { DynamoDbStore, FileRow, FileStatus } from '../../../src/runtime/dispatch/index.js';
import { DispatchBench, launch, rule } from '../../../test/handlers/support/dispatch-bench';
import { fileIn } from '../../../test/runtime/dispatch/support/rows';
import { createDispatchTable } from '../../../test/support/dispatch-table';
import { type DynamoDbLocal, startDynamoDbLocal } from '../../../test/support/dynamodb-local';
import { fileworks } from '../support/command';
import { DispatcherEndpoint } from '../support/dispatcher-endpoint';

// DynamoDB Local takes seconds for a call on a busy machine
jest.setTimeout(120_000);

let server: DynamoDbLocal;
let client: DynamoDBClient;
let store: DynamoDbStore;
let endpoint: DispatcherEndpoint;
const bench = new DispatchBench(() => ({ store }));

beforeAll(async () => {
  server = await startDynamoDbLocal();
  endpoint = await DispatcherEndpoint.start(['A', 'B'], (request) => bench.operator(request));
  bench.deploy(
    { AWS_ENDPOINT_URL_DYNAMODB: server.endpoint, [DispatchStateEnv.tableName]: 'files' },
    [rule('A'), rule('B')],
    { A: launch, B: launch },
  );
  process.env.AWS_ENDPOINT_URL = endpoint.url;
  process.env.FILEWORKS_STACK = 'Pipeline';
  client = new DynamoDBClient();
  store = await createDispatchTable(client, 'files');
}, 600_000);
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
  await server.stop();
});

const id = (number: number) =>
  number
    .toString()
    .replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)])
    .padStart(52, 'a');
const insert = (status: FileStatus, number: number, more: Partial<FileRow> = {}) => {
  const { type = 'A', sequence = `${type}/x` } = more;
  return store.commit([
    {
      kind: 'insert',
      row: fileIn(status, {
        id: id(number),
        order: String(number).padStart(3, '0'),
        slot: undefined,
        fence: undefined,
        object: { bucket: 'inbox', key: `${type}/${number}.csv` },
        ...more,
        type,
        sequence,
      }),
    },
  ]);
};
const statusOf = async (...numbers: number[]) =>
  Promise.all(numbers.map(async (number) => (await store.file(id(number)))?.status));
const run = async <T>(...args: string[]) => {
  const ended = await fileworks(['--json', ...args]);
  expect(ended.err).toBe('');
  return JSON.parse(ended.out) as T;
};

test('blocked and parked files are sources of rerun, by key, reason, type and sequence, with a rate', async () => {
  for (let number = 1; number <= 12; number += 1) {
    await insert('parked', number, { reason: number % 2 === 0 ? 'bad header' : 'late' });
  }
  await insert('blocked', 20, { type: 'B', reason: 'bad header' });

  const listed = await run<{ source: string; kind: string; items: { key: string }[] }[]>(
    'rerun',
    'list',
    '--reason',
    'header',
  );
  expect(listed).toMatchObject([
    { source: 'Dispatcher', kind: 'blocked files', items: [{ key: 'B/20.csv', reason: 'bad header' }] },
    { source: 'Dispatcher', kind: 'parked files', items: [2, 4, 6, 8, 10, 12].map((one) => ({ key: `A/${one}.csv` })) },
  ]);

  const preview = await run('--dry-run', 'rerun', 'Dispatcher', '--type', 'A', '--reason', 'header');
  expect(preview).toMatchObject([{ matched: 0 }, { matched: 6, notMatched: 6, rerun: 0, dryRun: true }]);
  expect(await statusOf(2, 20)).toEqual(['parked', 'blocked']);

  const began = Date.now();
  const rerun = await run('rerun', '--reason', 'header', '--type', 'A', '--rate', '3');
  expect(rerun).toMatchObject([{ matched: 0 }, { kind: 'parked files', rerun: 6, failed: 0 }]);
  // 6 files at 3 in a second
  expect(Date.now() - began).toBeGreaterThan(1_500);
  expect(await statusOf(1, 2, 3, 20)).toEqual(['parked', 'starting', 'parked', 'blocked']);
  expect(bench.lines).toContainEqual(
    expect.objectContaining({ audit: true, request: expect.objectContaining({ action: 'redrive', file: id(2) }) }),
  );
  expect(await run('rerun', '--sequence', 'B/x')).toMatchObject([{ rerun: 1 }, { rerun: 0, notMatched: 6 }]);
});

test('files are skipped and canceled in bulk by type, sequence or reason, not without a selection', async () => {
  for (const number of [31, 32, 33]) {
    await insert('queued', number, { sequence: 'A/m%C3%BC' });
  }
  await insert('blocked', 34, { sequence: 'A/m%C3%BC', reason: 'bad file', slot: 0, fence: 5 });
  await store.commit([{ kind: 'head', sequence: 'A/m%C3%BC', slot: 0, change: { version: 5, holder: id(34) } }]);
  await insert('running', 35, { sequence: 'A/z', dueAt: 5 });

  expect(await fileworks(['files', 'skip', '--because', 'test'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('files skip requires a selection, got none'),
  });
  expect(await fileworks(['files', 'skip', '--because', 'test', '--sequence', 'A/mü'])).toMatchObject({
    code: 4,
    err: expect.stringContaining('add --yes to skip confirmation'),
  });
  const skip = ['files', 'skip', '--because', 'wrong export', '--sequence', 'A/mü'];
  expect((await fileworks(['--dry-run', ...skip])).out).toBe(
    'Dispatcher: 4 files would be skipped, 0 not matched (dry run: nothing changed)',
  );
  expect(await run('--yes', ...skip, '--status', 'queued', '--limit', '2')).toMatchObject({
    changed: 2,
    incomplete: true,
  });
  expect(await statusOf(31, 32, 33, 34)).toEqual(['skipped', 'skipped', 'queued', 'blocked']);
  expect(await run('--yes', ...skip)).toMatchObject({ changed: 2, failed: 0 });
  expect(await store.file(id(34))).toMatchObject({ status: 'skipped', reason: 'wrong export' });

  expect(
    await run('--yes', 'files', 'cancel', '--because', 'stop', '--status', 'running', '--all', '--by', 'eve'),
  ).toMatchObject({
    action: 'cancel',
    changed: 1,
  });
  expect(await store.file(id(35))).toMatchObject({ status: 'running', cancelReason: 'stop' });
  expect(bench.lines).toContainEqual(
    expect.objectContaining({ audit: true, by: 'eve', request: expect.objectContaining({ action: 'cancel' }) }),
  );
});

test('a file that changed meanwhile is reported', async () => {
  await insert('parked', 41, { reason: 'odd' });
  const asked = endpoint.requests.length;
  jest.spyOn(store, 'commit');
  const operator = bench.operator.bind(bench);
  jest.spyOn(bench, 'operator').mockImplementation(async (request) => {
    const file = await store.file(id(41));
    if ((request as { action: string }).action === 'redrive' && file?.status === 'parked') {
      await store.commit([{ kind: 'update', file, change: { status: 'completed', updatedAt: Date.now() } }]);
    }
    return operator(request);
  });
  expect(await fileworks(['rerun', '--reason', 'odd'])).toMatchObject({
    code: 5,
    err: expect.stringContaining('A/41.csv has changed meanwhile: it is completed'),
  });
  expect(endpoint.requests.length).toBeGreaterThan(asked);
});

test('the last attempts of a file are shown with their tasks, logs and reasons', async () => {
  const attempt = { outcome: 'failed', endedAt: Date.parse('2026-11-30T08:00:00Z'), reason: 'no rows' } as const;
  const worker = 'arn:aws:ecs:eu-central-1:111122223333:task/files/7';
  await insert('parked', 61, {
    attempts: 3,
    lastAttempts: [
      { ...attempt, epoch: 1 },
      {
        ...attempt,
        epoch: 2,
        worker,
        log: 'eu-central-1:/ecs/files:file/worker/7',
        beganAt: attempt.endedAt - 60_000,
        reason: 'bad\u001b[2J',
      },
      {
        ...attempt,
        epoch: 3,
        outcome: 'interrupted',
        worker: 'arn:aws:states:eu-central-1:111122223333:execution:m:7',
      },
      { ...attempt, epoch: 4, worker: 'queue/message/1' },
    ],
  });
  const { out } = await fileworks(['files', 'attempts', id(61)]);
  expect(out.split('\n')).toEqual([
    'A/61.csv: parked, 3 attempts count',
    'launch 1 failed, 2026-11-30T08:00:00.000Z: no rows',
    'launch 2 failed, 2026-11-30T07:59:00.000Z to 2026-11-30T08:00:00.000Z: bad\\x1b[2J',
    '  https://eu-central-1.console.aws.amazon.com/ecs/v2/clusters/files/tasks/7?region=eu-central-1',
    '  https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:log-groups/log-group/$252Fecs$252Ffiles/log-events/file$252Fworker$252F7',
    'launch 3 interrupted, 2026-11-30T08:00:00.000Z: no rows',
    '  https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/arn%3Aaws%3Astates%3Aeu-central-1%3A111122223333%3Aexecution%3Am%3A7',
    'launch 4 failed, 2026-11-30T08:00:00.000Z: no rows',
    '  queue/message/1',
  ]);
  // A list has a thousand files
  expect(await bench.operator({ action: 'list', type: 'A', status: 'parked' })).not.toMatchObject({
    files: expect.arrayContaining([expect.objectContaining({ lastAttempts: expect.anything() })]),
  });
});

test('a completed file is processed once more, after confirmation and with an audit line', async () => {
  await insert('completed', 71, { epoch: 3, fence: 9, worker: 'task-1', sequence: 'A/done' });
  const command = ['sequence', 'reprocess', id(71), '--reason', 'wrong currency', '--by', 'eve'];
  expect(await fileworks(command)).toMatchObject({
    code: 4,
    err: expect.stringContaining('reprocess runs the work of A/71.csv (completed) once more'),
  });
  expect((await fileworks(['--dry-run', ...command])).out).toBe(
    'reprocess A/71.csv: completed → completed (dry run: nothing changed)',
  );
  expect((await fileworks(['--yes', ...command])).out).toBe('reprocess A/71.csv: completed → starting (changed)');
  expect(await store.file(id(71))).toMatchObject({ status: 'starting', epoch: 4, fence: 10, attempts: 1 });
  expect(bench.lines).toContainEqual(
    expect.objectContaining({
      audit: true,
      by: 'eve',
      request: expect.objectContaining({ action: 'reprocess', reason: 'wrong currency' }),
      before: expect.objectContaining({ status: 'completed', epoch: 3 }),
      after: expect.objectContaining({ status: 'starting', epoch: 4 }),
    }),
  );
  expect(await fileworks(['--yes', ...command])).toMatchObject({
    code: 5,
    err: expect.stringContaining('A/71.csv is starting; the file must be completed'),
  });
});

test('a sequence is listed and shown: who blocks it, and who waits', async () => {
  for (const number of [51, 52, 53]) {
    await insert('queued', number, { sequence: 'B/y', type: 'B', registeredAt: Date.now() - 7_200_000 });
  }
  await insert('blocked', 50, { sequence: 'B/y', type: 'B', reason: 'bad\u001b file', updatedAt: Date.now() - 60_000 });
  await store.commit([{ kind: 'head', sequence: 'B/y', slot: 0, change: { version: 5, holder: id(50) } }]);

  const { out } = await fileworks(['sequence', 'list', '--type', 'B']);
  expect(out).toMatch(/^SEQUENCE +PAUSED +HEAD +KEY +SINCE +ATTEMPTS +QUEUED +FIRST +REASON\n/);
  expect(out).toMatch(/B\/y +- +blocked +B\/50.csv +1 min +1 +3 +2 h +bad\\x1b file$/);
  expect(await run('sequence', 'list', '--status', 'queued', '--type', 'B')).toMatchObject({
    sequences: [{ sequence: 'B/y', queued: 3, more: false, first: { key: 'B/51.csv' } }],
    more: false,
  });
  const shown = (await fileworks(['sequence', 'show', 'B/y', '--limit', '2'])).out.split('\n');
  expect(shown[0]).toBe('B/y: 1 files hold it, 3 are queued');
  expect(shown.slice(2, 5).map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
    ['blocked', 'B/50.csv'],
    ['queued', 'B/51.csv'],
    ['queued', 'B/52.csv'],
  ]);
  expect(shown.at(-1)).toBe('More files are queued: raise --limit.');
  expect(await fileworks(['sequence', 'show', 'B/typo'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('the nearest is B/y'),
  });
  expect((await fileworks(['sequence', 'list', '--type', 'A'])).out).toBe('No sequence is blocked.');
});
