import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DispatchSweep, gateOf } from '../../src/contract/dispatch-config';
import { DispatchStateEnv } from '../../src/contract/dispatch-env';
import type { DynamoDbStore } from '../../src/runtime/dispatch/index.js';
import { createDispatchTable } from '../support/dispatch-table';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local';
import { DispatchBench, launch, type LaunchedTask, rule, s3Event } from './support/dispatch-bench';

// A process of Node.js takes seconds on a busy machine
jest.setTimeout(120_000);

/** The gate as it is packed, in a process of its own, before images that know nothing of turns. */
const bundle = resolve(__dirname, '..', '..', 'assets', 'dispatch-gate', 'index.js');
const tableName = 'gates';
let server: DynamoDbLocal;
let metadata: Server;
let client: DynamoDBClient;
let store: DynamoDbStore;
const bench = new DispatchBench(() => ({ store }));

beforeAll(async () => {
  server = await startDynamoDbLocal();
  bench.deploy({ AWS_ENDPOINT_URL_DYNAMODB: server.endpoint, [DispatchStateEnv.tableName]: tableName }, [rule('G')], {
    G: { ...launch, gated: true },
  });
  client = new DynamoDBClient();
  store = await createDispatchTable(client, tableName);
  // ECS names the task to its containers; here the path does
  metadata = createServer(({ url = '' }, response) =>
    response.end(JSON.stringify({ TaskARN: decodeURIComponent(url.split('/')[1]) })),
  );
  await new Promise<void>((done) => metadata.listen(0, '127.0.0.1', done));
}, 600_000);
afterAll(async () => {
  client.destroy();
  await new Promise((done) => metadata.close(done));
  await server.stop();
});

/** Does what ECS does with the gate of a task. */
function runGate(
  { request, arn }: LaunchedTask,
  as = arn,
  more: Record<string, string> = {},
  stoppedAfterMs?: number,
): Promise<number | null> {
  const variables =
    request.overrides?.containerOverrides?.find(({ name }) => name === gateOf('worker'))?.environment ?? [];
  const given = Object.fromEntries(variables.map(({ name = '', value = '' }) => [name, value]));
  const aws = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('AWS_')));
  const port = (metadata.address() as AddressInfo).port;
  const gate = spawn(process.execPath, [bundle], {
    env: {
      ...aws,
      ...given,
      ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${port}/${encodeURIComponent(as)}`,
      ...more,
    },
    stdio: 'ignore',
    timeout: stoppedAfterMs,
  });
  return new Promise((done) => gate.once('exit', done));
}

/** The event that ECS sends of a task whose containers have ended. */
const ended = (task: LaunchedTask, [gate, worker]: [number, number?], more: { stopCode?: string } = {}) =>
  bench.taskStopped(task, {
    containers: [
      { name: gateOf('worker'), exitCode: gate },
      { name: 'worker', ...(worker !== undefined && { exitCode: worker }) },
      { name: 'sidecar', exitCode: 137 },
    ],
    ...more,
  });
const rowOf = ({ env }: LaunchedTask) => store.file(env.FILEWORKS_FILE_ID);

async function launchNext(wait = false): Promise<LaunchedTask> {
  if (wait) {
    await new Promise((done) => setTimeout(done, 1_050));
    bench.wakes.push((await rowOf(bench.tasks.at(-1)!))!.id);
  }
  await bench.launchAll();
  return bench.tasks.at(-1)!;
}

test('the gate begins, and the exit code of the container ends the turn', async () => {
  await bench.ingress(s3Event('G/1', 1), s3Event('G/2', 2));
  const first = await launchNext();
  expect(first.env).toEqual({
    FILEWORKS_FILE_ID: expect.any(String) as string,
    FILEWORKS_FILE_EPOCH: '1',
    FILEWORKS_FILE_FENCE: '1',
    FILEWORKS_FILE_BUCKET: 'inbox',
    FILEWORKS_FILE_KEY: 'G/1',
  });
  await expect(runGate(first)).resolves.toBe(0);
  expect(await rowOf(first)).toMatchObject({ status: 'running', worker: first.arn });
  await ended(first, [0, 0]);
  expect(await rowOf(first)).toMatchObject({ status: 'completed' });
  await ended(first, [0, 0]);

  const second = await launchNext();
  expect(second.env.FILEWORKS_FILE_KEY).toBe('G/2');
  await expect(runGate(second)).resolves.toBe(0);
  await ended(second, [0, 3]);
  expect(await rowOf(second)).toMatchObject({
    status: 'waiting',
    attempts: 1,
    reason: 'EssentialContainerExited: no reason given (exit code 3 of worker)',
  });
  const third = await launchNext(true);
  await expect(runGate(third)).resolves.toBe(0);
  await ended(third, [0, 0], { stopCode: 'UserInitiated' });
  expect(await rowOf(third)).toMatchObject({ status: 'blocked', attempts: 2 });
  await bench.operator({ action: 'skip', file: third.env.FILEWORKS_FILE_ID, reason: 'seen' });
});

test('the gate of a second task for the same file keeps its container from starting, and its end says nothing of the first', async () => {
  await bench.ingress(s3Event('G/10', 10));
  const task = await launchNext();
  const other = { ...task, arn: `${task.arn}-other` };
  await expect(runGate(task)).resolves.toBe(0);
  await expect(runGate(other)).resolves.toBe(75);
  await ended(other, [75]);
  expect(await rowOf(task)).toMatchObject({ status: 'running', worker: task.arn });
  await ended(task, [0, 0]);
  expect(await rowOf(task)).toMatchObject({ status: 'completed' });
});

test('a container behind a gate works for as long as ECS says that it runs, and is stopped only after the longest run', async () => {
  await bench.ingress(s3Event('G/20', 20));
  const task = await launchNext();
  await expect(runGate(task)).resolves.toBe(0);
  const began = Date.now();
  for (const minutes of [10, 30, 59]) {
    jest.spyOn(Date, 'now').mockReturnValue(began + minutes * 60_000);
    await bench.watcher(DispatchSweep);
    expect(bench.asked).toEqual([]);
  }
  jest.spyOn(Date, 'now').mockReturnValue(began + 61 * 60_000);
  await bench.watcher(DispatchSweep);
  expect(bench.asked).toEqual([task.arn]);
  jest.spyOn(Date, 'now').mockRestore();
  await ended(task, [0, 0]);
});

test('a gate that cannot reach the table waits until ECS stops it, and with it the attempt', async () => {
  await bench.ingress(s3Event('G/30', 30));
  const task = await launchNext();
  const unreachable = { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' };
  await expect(runGate(task, task.arn, unreachable, 5_000)).resolves.toBeNull();
  await ended(task, [143], { stopCode: 'TaskFailedToStart' });
  expect(await rowOf(task)).toMatchObject({
    status: 'waiting',
    attempts: 1,
    reason: 'TaskFailedToStart: no reason given',
  });
});
