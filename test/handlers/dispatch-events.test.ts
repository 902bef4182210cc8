import { setTimeout as delay } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { DispatchStateEnv } from '../../src/contract/dispatch-env';
import { DispatchSweep } from '../../src/contract/dispatch-config';
import { handler as ingress } from '../../src/handlers/dispatch-ingress';
import { Dispatcher, DynamoDbStore, TaskSupervisor } from '../../src/runtime/dispatch/index.js';
import { fileIn } from '../runtime/dispatch/support/rows';
import { DispatchBench, launch, rule, s3Event } from './support/dispatch-bench';

jest.mock('../../src/runtime/dispatch/dynamodb/dynamodb-store', () =>
  jest.requireActual<object>('./support/dynamodb-store'),
);
jest.mock('node:timers/promises', () => ({
  ...jest.requireActual<object>('node:timers/promises'),
  setTimeout: jest.fn(() => Promise.resolve()),
}));

// What each event of the functions leads to, on the reference store: no server is needed
const tableName = 'events';
const bench = new DispatchBench(() => ({}));
const store = new DynamoDbStore({ tableName } as never);

beforeAll(() => {
  bench.deploy(
    { [DispatchStateEnv.tableName]: tableName },
    [rule('A'), rule('B'), rule('T', { tags: { kind: 'invoice' } }), rule('W', { settleSeconds: 3_600 })],
    { A: launch, B: launch },
  );
});

const record = (id: string, sequence: string, number = id) => ({
  dynamodb: {
    SequenceNumber: number,
    NewImage: { id: { S: id }, type: { S: 'A' }, status: { S: 'completed' }, sequence: { S: sequence } },
  },
});

test('every file of a batch of stream records frees its place', async () => {
  const continued = jest.spyOn(Dispatcher.prototype, 'continueSequence').mockResolvedValue();
  await bench.watcher({ Records: [record('1', 'A'), record('2', 'A/x'), record('3', 'A')] });
  expect(continued.mock.calls).toEqual([
    ['A', 'A', ['1', '3']],
    ['A', 'A/x', ['2']],
  ]);
});

const task = (more: object) =>
  bench.watcher({
    'detail-type': 'ECS Task State Change',
    detail: { taskArn: 'task-1', startedBy: 'fw/d/abc/2', lastStatus: 'STOPPED', ...more },
  });
const execution = (name: string) =>
  bench.watcher({
    'detail-type': 'Step Functions Execution Status Change',
    detail: { executionArn: 'execution-1', name, status: 'SUCCEEDED' },
  });
const gated = (worker: number, gate = 0) => ({
  stopCode: 'EssentialContainerExited',
  containers: [
    { name: 'worker', exitCode: worker },
    { name: 'fileworks-gate-worker', exitCode: gate },
  ],
});

describe('ends of tasks and executions', () => {
  const handled = () => jest.spyOn(TaskSupervisor.prototype, 'handleTaskState').mockResolvedValue('changed');

  test('a task is that of its file and launch', async () => {
    const states = handled();
    await task({ stopCode: 'UserInitiated', stoppedReason: 'by hand' });
    expect(states.mock.calls).toEqual([
      ['abc', 2, 'task-1', { kind: 'stopped', reason: 'UserInitiated: by hand', interrupted: false }],
    ]);
  });

  test('a container behind a gate that exited with 0 has completed its file', async () => {
    const states = handled();
    await task(gated(0));
    expect(states.mock.calls[0][3]).toEqual({ kind: 'done' });
  });

  test('a container that ran although its gate did not open has completed nothing', async () => {
    const states = handled();
    await task(gated(0, 75));
    expect(states.mock.calls[0][3]).toMatchObject({ kind: 'stopped' });
  });

  test('tasks that run, and those of other dispatchers, change nothing', async () => {
    const states = handled();
    await task({ lastStatus: 'RUNNING' });
    await task({ startedBy: 'other-fw/d/abc/2' });
    await task({ startedBy: 'fw/d/abc/2/3' });
    expect(states).not.toHaveBeenCalled();
  });

  test('an execution is that of its file and launch, by the prefix of its name', async () => {
    const states = handled();
    await execution('D1-abc-2');
    await execution('other-D1-abc-2');
    await execution('D1-abc-2-3');
    expect(states.mock.calls).toEqual([['abc', 2, 'execution-1', { kind: 'done' }]]);
  });
});

const counts = () => bench.metrics().filter((line) => 'SweepsCompleted' in line);

test('a sweep frees places of every type, and counts blocked and parked files', async () => {
  await store.commit([{ kind: 'insert', row: fileIn('blocked', { id: 'one' }) }]);
  await store.commit([{ kind: 'insert', row: fileIn('parked', { id: 'two' }) }]);
  const freed = jest.spyOn(Dispatcher.prototype, 'releaseStalePlaces');
  await bench.watcher(DispatchSweep);
  expect(freed).toHaveBeenCalledWith(['A', 'B']);
  expect(bench.metrics()).toContainEqual(expect.objectContaining({ Type: 'A', BlockedFiles: 1, ParkedFiles: 1 }));
  expect(counts()).toHaveLength(1);
});

test('a sweep that runs out of time does not count as complete', async () => {
  jest.spyOn(bench.context, 'getRemainingTimeInMillis').mockReturnValue(0);
  jest
    .spyOn(TaskSupervisor.prototype, 'sweep')
    .mockImplementation((signal) => new Promise((done) => signal?.addEventListener('abort', () => done())));
  await bench.watcher(DispatchSweep);
  expect(counts()).toEqual([]);
});

test('launches are paced; steps that launch nothing are not', async () => {
  const tick = jest.spyOn(TaskSupervisor.prototype, 'tick').mockResolvedValue(false);
  await bench.launcher('one', 'two');
  expect(delay).not.toHaveBeenCalled();
  tick.mockResolvedValue(true);
  await bench.launcher('one', 'two');
  expect(delay).toHaveBeenCalledTimes(2);
});

test('a delete marker changes nothing', async () => {
  const event = JSON.parse(s3Event('A/1', 1, 'Object Deleted')) as { detail: object };
  const marker = { ...event, detail: { ...event.detail, 'deletion-type': 'Delete Marker Created' } };
  await expect(bench.ingress(JSON.stringify(marker))).resolves.toEqual({ batchItemFailures: [] });
  expect(bench.deadLetters).toEqual([]);
});

test('an object that is gone before its tags are read is not registered', async () => {
  const gone = Object.assign(new Error('NoSuchKey'), { $metadata: { httpStatusCode: 404 } });
  jest.spyOn(S3Client.prototype, 'send').mockImplementation(() => Promise.reject(gone) as never);
  await expect(bench.ingress(s3Event('T/1', 1))).resolves.toEqual({ batchItemFailures: [] });
  expect(bench.lines.map(({ level }) => level)).toEqual(['INFO']);
});

test('a pause of one scope too many is refused with the remedy', async () => {
  const scopes = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [index === 0 ? 'W' : `A/${index}`, { since: 0, reason: 'maintenance' }]),
  );
  const seen = (await store.pauses())?.version;
  await store.commit([{ kind: 'pause', row: { version: 9, scopes }, ...(seen !== undefined && { seen }) }]);
  await expect(bench.operator({ action: 'pause', scope: 'B', reason: 'maintenance' })).rejects.toThrow(
    'too many scopes are paused; resume some of them, or pause their type',
  );
  await expect(bench.operator({ action: 'pause', scope: 'W', reason: 'again' })).resolves.toMatchObject({
    outcome: 'kept',
  });
});

test('a request that failed is in the audit log, too', async () => {
  await expect(bench.operator({ action: 'skip', file: 'unknown', reason: 'by hand', by: 'alice' })).rejects.toThrow(
    'file unknown is not registered',
  );
  expect(bench.lines).toEqual([
    expect.objectContaining({
      level: 'ERROR',
      audit: true,
      by: 'alice',
      error: 'Error: file unknown is not registered',
    }),
  ]);
});

test('a list that is cut says so', async () => {
  for (const id of ['three', 'four']) {
    await store.commit([
      { kind: 'insert', row: fileIn('parked', { id, type: 'B', sequence: 'B', order: id === 'three' ? '3' : '4' }) },
    ]);
  }
  const list = (limit: number) => bench.operator({ action: 'list', type: 'B', status: 'parked', limit });
  await expect(list(1)).resolves.toMatchObject({ files: [{ id: 'three' }], more: true });
  await expect(list(2)).resolves.toMatchObject({ files: [{ id: 'three' }, { id: 'four' }], more: false });
});

test('a file that settles for longer than SQS can delay a message is left to the sweep', async () => {
  const event = JSON.parse(s3Event('W/1', 1)) as object;
  const body = JSON.stringify({ ...event, time: new Date().toISOString() });
  await expect(bench.ingress(body)).resolves.toEqual({ batchItemFailures: [] });
  expect(bench.lines).toContainEqual(expect.objectContaining({ message: 'registered', type: 'W' }));
  expect(bench.wakes).toEqual([]);
});

describe('while the table is unavailable', () => {
  const denied = Object.assign(new Error('denied'), { name: 'AccessDeniedException', $metadata: {} });
  const unavailable = () =>
    bench.metrics().filter((line) => 'DependencyUnavailableTime' in line && !('Dependency' in line));

  test('events wait on the queue with their attempts, and only one of them calls it', async () => {
    const register = jest.spyOn(Dispatcher.prototype, 'register').mockRejectedValue(denied);
    const events = [s3Event('A/1', 1), s3Event('A/2', 2), s3Event('A/3', 3)];
    expect(await bench.ingress(...events)).toEqual({ batchItemFailures: [] });
    register.mockClear();
    const now = jest.spyOn(performance, 'now');
    now.mockReturnValue(performance.now() + 11_000);
    expect(await bench.ingress(...events)).toEqual({ batchItemFailures: [] });
    expect(register).toHaveBeenCalledTimes(1);
    expect(bench.postponed.map(({ MessageBody: body }) => body)).toEqual([...events, ...events]);
    const [{ DelaySeconds: delaySeconds, MessageAttributes: attributes }] = bench.postponed;
    expect(delaySeconds).toBeGreaterThanOrEqual(25);
    expect(JSON.parse(attributes?.['fileworks-resent'].StringValue ?? '')).toEqual({
      v: 1,
      id: 'message-0',
      sentAt: 0,
      attempts: 0,
    });
    expect(unavailable().at(-1)).toMatchObject({ Task: 'Dispatcher', DependencyUnavailableTime: 11 });
    register.mockResolvedValue('registered' as never);
    now.mockReturnValue(performance.now() + 11_000);
    expect(await bench.ingress(...events)).toEqual({ batchItemFailures: [] });
    expect(register).toHaveBeenCalledTimes(4);
    expect(bench.deadLetters).toEqual([]);
  });

  test('a direct event waits on the queue; other errors of it are thrown', async () => {
    const register = jest.spyOn(Dispatcher.prototype, 'register').mockRejectedValueOnce(denied);
    const event = JSON.parse(s3Event('A/4', 4)) as { id: string };
    await expect(ingress(event)).resolves.toBeUndefined();
    expect(bench.postponed).toHaveLength(1);
    jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
    register.mockRejectedValueOnce(new Error('a defect'));
    await expect(ingress(event)).rejects.toThrow('a defect');
  });

  test('launches and ends are left to the sweeper, which reports it each minute', async () => {
    jest.spyOn(TaskSupervisor.prototype, 'tick').mockRejectedValue(denied);
    expect(await bench.launcher('one')).toEqual({ batchItemFailures: [] });
    jest.spyOn(Dispatcher.prototype, 'continueSequence').mockRejectedValue(denied);
    expect(await bench.watcher({ Records: [record('1', 'A')] })).toEqual({ batchItemFailures: [] });
    jest.spyOn(Dispatcher.prototype, 'releaseStalePlaces').mockRejectedValue(denied);
    await expect(bench.watcher(DispatchSweep)).resolves.toBeUndefined();
    expect(unavailable()).toHaveLength(3);
    expect(counts()).toEqual([]);
  });
});
