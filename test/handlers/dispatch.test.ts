import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeTasksCommand, ECSClient, RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DispatchFunctionEnv, type DispatchRule, DispatchSweep, type DispatchWake } from '../../src/contract/dispatch-config';
import { ReconciledReason } from '../../src/contract/object-event';
import { handler as ingress } from '../../src/handlers/dispatch-ingress';
import { handler as launcher } from '../../src/handlers/dispatch-launcher';
import { handler as operate } from '../../src/handlers/dispatch-operator';
import { handler as watcher } from '../../src/handlers/dispatch-watcher';
import { dispatchTableDefinition, DynamoDbStore, type FileRow, runFileTask } from '../../src/runtime/dispatch/index.js';
import { fileTaskHandler } from '../../src/runtime/jobs/index.js';
import { silentLogger } from '../../src/runtime/support/logger.js';
import { type DynamoDbLocal, startDynamoDbLocal } from '../support/dynamodb-local';

/** The functions on a real table, with ECS and SQS played by the test. */
let server: DynamoDbLocal;
let store: DynamoDbStore;
let client: DynamoDBClient;
let tables = 0;

interface LaunchedTask {
  readonly arn: string;
  readonly startedBy: string;
  readonly env: Record<string, string>;
}

const stateMachineArn = 'arn:aws:states:eu-central-1:111122223333:stateMachine:unpack';
const tasks: LaunchedTask[] = [];
const sent: string[] = [];
const executions: string[] = [];
const wakes: string[] = [];
const deadLetters: { body: string; reason: string }[] = [];
const stopped = new Set<string>();
const asked: string[] = [];
const lines: Record<string, unknown>[] = [];

const rule = (type: string, more: Partial<DispatchRule> = {}): DispatchRule => ({
  type, keys: [`^${type}/.*$`], slots: 1, settleSeconds: 0, late: 'run-next', maxAttempts: 2, exhausted: 'block', backoffSeconds: 1, maxBackoffSeconds: 1, hangTimeoutSeconds: 60,
  maxRuntimeSeconds: 3_600, ...more,
});
const launch = { cluster: 'cluster', taskDefinition: 'task:1', container: 'worker', subnets: [], securityGroups: [], assignPublicIp: false, capacity: [] };

beforeAll(async () => {
  server = await startDynamoDbLocal();
  Object.assign(process.env, { AWS_ENDPOINT_URL_DYNAMODB: server.endpoint, AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' });
  client = new DynamoDBClient();
  tables += 1;
  const tableName = `handlers-${tables}`;
  await client.send(new CreateTableCommand({ ...dispatchTableDefinition, TableName: tableName } as unknown as CreateTableCommand['input']));
  store = new DynamoDbStore({ client, tableName });
  Object.assign(process.env, {
    [DispatchFunctionEnv.tableName]: tableName, [DispatchFunctionEnv.wakeQueueUrl]: 'wakes', [DispatchFunctionEnv.deadLetterQueueUrl]: 'dead', [DispatchFunctionEnv.startedBy]: 'fw/d',
    [DispatchFunctionEnv.name]: 'Dispatcher', [DispatchFunctionEnv.launchesPerSecond]: '500', [DispatchFunctionEnv.limits]: '{}', [DispatchFunctionEnv.executionPrefix]: 'D1',
    [DispatchFunctionEnv.types]: JSON.stringify(['A', 'B', 'C', 'D']), [DispatchFunctionEnv.eventQueueUrl]: 'events',
    [DispatchFunctionEnv.launches]: JSON.stringify({ A: launch, B: launch, D: launch, Q: { queueUrl: 'files', fifo: false }, S: { stateMachineArn } }),
    [DispatchFunctionEnv.rules]: JSON.stringify({
      rules: [rule('A'), rule('B', { slots: 0, exhausted: 'park' }), rule('C'), rule('D'), rule('E', { overwrite: 'each' }), rule('Q'), rule('S')], unmatched: 'dead-letter',
    }),
  });
}, 600_000);
afterAll(async () => {
  client.destroy();
  await server.stop();
});

beforeEach(() => {
  for (const list of [tasks, wakes, deadLetters, asked, lines, sent, executions]) list.length = 0;
  jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(JSON.parse(String(line)) as Record<string, unknown>);
    return true;
  });
  jest.spyOn(SQSClient.prototype, 'send').mockImplementation((command) => {
    const { QueueUrl: url, MessageBody: body = '', MessageAttributes: attributes } = (command as unknown as SendMessageCommand).input;
    if (url === 'files') sent.push(body);
    else if (url === 'wakes') wakes.push((JSON.parse(body) as DispatchWake).file);
    else deadLetters.push({ body, reason: attributes?.['fileworks-poison-reason']?.StringValue ?? '' });
  });
  // its overloads, one of which takes a callback, are too many for a mock
  const send: (command: unknown) => Promise<unknown> = (command) => Promise.resolve(answerOfEcs(command));
  jest.spyOn(ECSClient.prototype, 'send').mockImplementation(send as never);
  jest.spyOn(SFNClient.prototype, 'send').mockImplementation(((command: unknown) => {
    if (command instanceof StartExecutionCommand) executions.push(command.input.name ?? '');
    return Promise.resolve(command instanceof DescribeExecutionCommand ? { status: 'RUNNING' } : {});
  }) as never);
});
afterEach(() => jest.restoreAllMocks());

function answerOfEcs(command: unknown): object {
  if (command instanceof RunTaskCommand) return { tasks: [{ taskArn: run(command), lastStatus: 'PROVISIONING' }] };
  if (command instanceof StopTaskCommand) asked.push(command.input.task ?? '');
  if (command instanceof DescribeTasksCommand) return { tasks: command.input.tasks?.map((arn) => ({ lastStatus: stopped.has(arn) ? 'STOPPED' : 'RUNNING' })) };
  return {};
}

function run({ input }: RunTaskCommand): string {
  const arn = `arn:aws:ecs:eu-central-1:111122223333:task/cluster/${input.clientToken ?? ''}`;
  const env = Object.fromEntries((input.overrides?.containerOverrides?.[0]?.environment ?? []).map(({ name, value }) => [name ?? '', value ?? '']));
  tasks.push({ arn, startedBy: input.startedBy ?? '', env });
  return arn;
}

const messages = (...bodies: string[]) => ({ Records: bodies.map((body, index) => ({ messageId: `message-${index}`, body, attributes: { SentTimestamp: '0' } })) });
const s3Event = (key: string, second: number, type = 'Object Created') => JSON.stringify({
  'id': `event-${key}`, 'time': `2026-11-21T08:00:${String(second).padStart(2, '0')}Z`, 'detail-type': type,
  'detail': { bucket: { name: 'inbox' }, object: { key, size: 1, sequencer: String(second).padStart(4, '0') } },
});
const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 };
const operator = (input: unknown) => operate(input, context);

/** Everything that was woken is looked after, as the launcher's queue does. */
async function launchAll(): Promise<void> {
  for (let rounds = 0; wakes.length > 0; rounds += 1) {
    if (rounds > 20) throw new Error(`wake-ups without end: ${wakes.join(', ')}`);
    expect(await launcher(messages(...wakes.splice(0).map((file) => JSON.stringify({ file }))))).toEqual({ batchItemFailures: [] });
  }
}

const work = ({ env, arn: worker }: LaunchedTask, handler: () => Promise<unknown> = () => Promise.resolve()) =>
  runFileTask(handler, { store, env, worker, stop: new AbortController().signal });
const end = (sequence: string) => watcher({ Records: [{ dynamodb: { SequenceNumber: '1', NewImage: { id: { S: 'any' }, type: { S: 'A' }, status: { S: 'completed' }, sequence: { S: sequence } } } }] }, context);
const taskStopped = ({ arn, startedBy }: LaunchedTask, stopCode = 'EssentialContainerExited') =>
  watcher({ 'detail-type': 'ECS Task State Change', 'detail': { taskArn: arn, startedBy, lastStatus: 'STOPPED', stopCode } }, context);
const row = async (task: LaunchedTask): Promise<FileRow> => (await store.file(task.env.FILEWORKS_FILE_ID))!;

test('files of a sequential type run one after another, by the time of their events', async () => {
  await ingress(messages(s3Event('A/1', 5)));
  await ingress(messages(s3Event('A/3', 30), s3Event('A/2', 20), s3Event('A/2', 20)));
  await launchAll();
  const order: string[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    expect(tasks).toHaveLength(turn + 1);
    order.push(tasks[turn].env.FILEWORKS_FILE_KEY);
    await expect(work(tasks[turn])).resolves.toBe(0);
    await expect(end('A')).resolves.toEqual({ batchItemFailures: [] });
    await launchAll();
  }
  expect(order).toEqual(['A/1', 'A/2', 'A/3']);
  expect(lines.filter((line) => line.FilesCompleted === 1 && line.Type === 'A')).toHaveLength(3);
  expect(tasks.map(({ env }) => env.FILEWORKS_FILE_FENCE)).toEqual(['1', '2', '3']);
});

test('a task that died is told by ECS and tried again; then its file blocks until an operator redrives it', async () => {
  await ingress(messages(s3Event('A/4', 40), s3Event('A/5', 50)));
  await launchAll();
  await expect(work(tasks[0], () => Promise.reject(new Error('bad file')))).resolves.toBe(1);
  await new Promise((done) => setTimeout(done, 1_050));
  wakes.push((await row(tasks[0])).id);
  await launchAll();
  const second = tasks[1];
  expect(second.env).toMatchObject({ FILEWORKS_FILE_KEY: 'A/4', FILEWORKS_FILE_EPOCH: '2' });
  const dying = work(second, () => taskStopped(second).then(() => 'unheard'));
  await expect(dying).resolves.toBe(75);
  expect(await row(second)).toMatchObject({ status: 'blocked', reason: 'EssentialContainerExited: no reason given' });

  await watcher(DispatchSweep, context);
  const metrics = lines.filter((line) => '_aws' in line);
  expect(metrics).toContainEqual(expect.objectContaining({ Dispatcher: 'Dispatcher', BlockedFiles: 1, ParkedFiles: 0, PausedScopes: 0 }));
  expect(metrics).toContainEqual(expect.objectContaining({ Dispatcher: 'Dispatcher', Type: 'A', BlockedFiles: 1, OldestQueuedFileAge: expect.any(Number) as number }));
  expect(metrics).toContainEqual(expect.objectContaining({ Dispatcher: 'Dispatcher', Type: 'B', BlockedFiles: 0, OldestQueuedFileAge: 0 }));
  expect(metrics.at(-1)).toMatchObject({ Dispatcher: 'Dispatcher', SweepsCompleted: 1 });
  const { id } = await row(second);
  await expect(operator({ action: 'list', type: 'A', status: 'blocked' })).resolves.toMatchObject({ files: [{ id, status: 'blocked' }] });
  await expect(operator({ action: 'redrive', file: id, by: 'alice' })).resolves.toMatchObject({ outcome: 'changed', file: { status: 'starting', attempts: 1 } });
  expect(lines).toContainEqual(expect.objectContaining({
    message: 'operator', audit: true, by: 'alice', requestId: 'request-1', request: { action: 'redrive', file: id, by: 'alice' },
    before: expect.objectContaining({ status: 'blocked', attempts: 2 }), after: expect.objectContaining({ status: 'starting', attempts: 1 }),
  }));
  await launchAll();
  await expect(work(tasks[2])).resolves.toBe(0);
});

test('the end of a task that ECS did not tell of is found by the sweeper, and a silent one is stopped first', async () => {
  await ingress(messages(s3Event('B/1', 1)));
  await launchAll();
  const [task] = tasks;
  let release: () => void = () => undefined;
  const working = work(task, () => new Promise<void>((done) => {
    release = done;
  }));
  for (let tries = 0; tries < 200 && (await row(task)).status !== 'running'; tries += 1) await new Promise((done) => setTimeout(done, 10));
  const later = Date.now() + 120_000;
  jest.spyOn(Date, 'now').mockReturnValue(later);
  await watcher(DispatchSweep, context);
  expect(asked).toEqual([task.arn]);
  expect((await row(task)).status).toBe('running');

  stopped.add(task.arn);
  jest.spyOn(Date, 'now').mockReturnValue(later + 120_000);
  await watcher(DispatchSweep, context);
  expect((await row(task)).status).toBe('waiting');
  jest.spyOn(Date, 'now').mockRestore();
  release();
  await expect(working).resolves.toBe(75);
});

test('what is paused is neither launched nor claimed; a resume makes up for it', async () => {
  await ingress(messages(s3Event('B/20', 20)));
  await expect(operator({ action: 'pause', scope: '*', reason: 'maintenance' })).resolves.toMatchObject({ outcome: 'changed', paused: { '*': { reason: 'maintenance' } } });
  await ingress(messages(s3Event('D/20', 20)));
  await launchAll();
  expect(tasks).toEqual([]);
  const { files: [queued] } = await operator({ action: 'list', type: 'D', status: 'queued' }) as { files: FileRow[] };
  expect(queued.object.key).toBe('D/20');
  await expect(operator({ action: 'list', type: 'B', status: 'starting' })).resolves.toMatchObject({ files: [{ object: { key: 'B/20' } }], more: false, paused: { '*': { reason: 'maintenance' } } });

  await operator({ action: 'resume', scope: '*' });
  expect(lines).toContainEqual(expect.objectContaining({ audit: true, before: { '*': expect.objectContaining({ reason: 'maintenance' }) }, after: {} }));
  await launchAll();
  expect(tasks.map(({ env }) => env.FILEWORKS_FILE_KEY).sort()).toEqual(['B/20', 'D/20']);
  for (const task of tasks) await work(task);
  await expect(operator({ action: 'show', bucket: 'inbox', key: 'D/20' })).resolves.toMatchObject({ file: { status: 'completed' } });
});

test('an object that was found by a reconciliation is registered, unless nothing can tell whether it was before', async () => {
  const listed = (key: string) => JSON.stringify({
    'id': 'reconcile-1', 'time': '2026-11-21T08:00:00Z', 'detail-type': 'Object Created', 'detail': { bucket: { name: 'inbox' }, object: { key, size: 1, etag: 'e' }, reason: ReconciledReason },
  });
  await ingress(messages(listed('B/30'), listed('E/30')));
  expect(wakes).toHaveLength(1);
  expect((await store.file(wakes[0]))?.object.key).toBe('B/30');
  wakes.length = 0;
});

test('a worker of a queue takes the turn of a file, and the next one follows', async () => {
  await ingress(messages(s3Event('Q/1', 1), s3Event('Q/2', 2)));
  await launchAll();
  const turns = () => sent.map((body) => JSON.parse(body) as { object: { key: string }; payload: { fileId: string; epoch: number } });
  expect(turns()).toMatchObject([{ object: { key: 'Q/1' }, payload: { epoch: 1, fence: 1 } }]);
  for (const turn of [0, 1]) {
    const { payload, object } = turns()[turn];
    const work = fileTaskHandler(() => Promise.resolve({ worked: object.key }), { store });
    await work({ id: `message-${turn}`, queueName: 'files', body: payload } as never, { signal: new AbortController().signal, log: silentLogger } as never);
    await end('Q');
    await launchAll();
    expect(await store.file(payload.fileId)).toMatchObject({ status: 'completed', result: { worked: object.key } });
  }
  expect(turns().map(({ object }) => object.key)).toEqual(['Q/1', 'Q/2']);
});

test('an execution is the turn of a file: it began by being started, and ends it as it ends', async () => {
  await ingress(messages(s3Event('S/1', 1), s3Event('S/2', 2)));
  await launchAll();
  expect(executions).toHaveLength(1);
  const ended = (name: string, status: string, more: object = {}) => watcher({
    'detail-type': 'Step Functions Execution Status Change', 'detail': { executionArn: `arn:aws:states:eu-central-1:111122223333:execution:unpack:${name}`, name, status, ...more },
  }, context);
  const rowOf = async (name: string) => store.file(name.split('-')[1]);
  expect(await rowOf(executions[0])).toMatchObject({ status: 'running', worker: expect.stringMatching(/:execution:unpack:D1-[a-z2-7]{52}-1$/) as string });
  await ended('somebody-elses-1', 'FAILED');
  await ended(executions[0], 'FAILED', { error: 'States.TaskFailed', cause: null });
  expect(await rowOf(executions[0])).toMatchObject({ status: 'waiting', attempts: 1, reason: 'FAILED: States.TaskFailed' });
  await new Promise((done) => setTimeout(done, 1_050));
  wakes.push((await rowOf(executions[0]))!.id);
  await launchAll();
  await ended(executions[1], 'SUCCEEDED');
  expect(await rowOf(executions[1])).toMatchObject({ status: 'completed', epoch: 2, object: { key: 'S/1' } });
  await end('S');
  await launchAll();
  expect(await rowOf(executions[2])).toMatchObject({ status: 'running', object: { key: 'S/2' } });
});

test('what has no type, or cannot be read, goes to the dead-letter queue with its reason', async () => {
  await expect(ingress(messages(s3Event('Z/1', 1), '{}', s3Event('A/1', 1, 'Object Tags Added')))).resolves.toEqual({ batchItemFailures: [] });
  expect(deadLetters.map(({ reason }) => reason).sort()).toEqual([
    'expected an event "Object Created" or "Object Deleted", got: Object Tags Added', 'expected detail to be an object of JSON', 'no type matches the key Z/1',
  ]);
});

test('an event that comes without a queue is registered too; one that fails is thrown, for Lambda to try it again', async () => {
  const event = JSON.parse(s3Event('D/40', 40)) as { id: string };
  await expect(ingress(event)).resolves.toBeUndefined();
  expect((await store.file(wakes[0]))?.object.key).toBe('D/40');
  await expect(ingress({ id: 'unreadable' })).resolves.toBeUndefined();
  expect(deadLetters).toEqual([{ body: '{"id":"unreadable"}', reason: 'expected detail to be an object of JSON' }]);
  const away = jest.spyOn(DynamoDBClient.prototype, 'send').mockImplementation(() => {
    throw new Error('table away');
  });
  await expect(ingress(JSON.parse(s3Event('D/41', 41)) as { id: string })).rejects.toThrow('table away');
  away.mockRestore();
  await launchAll();
  await work(tasks[0]);
});

test('a file whose type has no target any more is blocked, and says so', async () => {
  await ingress(messages(s3Event('C/1', 1)));
  const [id] = wakes;
  await launchAll();
  expect(await store.file(id)).toMatchObject({ status: 'blocked', reason: 'type C has no target any more', attempts: 0 });
  await expect(operator({ action: 'skip', file: id, reason: 'retired' })).resolves.toMatchObject({ file: { status: 'skipped', reason: 'retired' } });
});

test('an object that was deleted before its turn is skipped', async () => {
  await ingress(messages(s3Event('D/8', 8)));
  await ingress(messages(s3Event('D/9', 9)));
  await ingress(messages(s3Event('D/9', 10, 'Object Deleted')));
  await launchAll();
  await work(tasks[0]);
  await end('D');
  await launchAll();
  expect(tasks.map(({ env }) => env.FILEWORKS_FILE_KEY)).toEqual(['D/8']);
});

test.each<[string, unknown, RegExp]>([
  ['no action', {}, /action must be one of/],
  ['a status that is not listed', { action: 'list', type: 'A', status: 'completed' }, /status must be one of queued, starting, running, waiting, blocked, parked, got: completed/],
  ['a limit out of range', { action: 'list', type: 'A', status: 'parked', limit: 5_000 }, /limit must be a whole number from 1 to 1000/],
  ['a scope that is no type', { action: 'pause', scope: 'Z/1', reason: 'x' }, /scope must be \*, one of the types A, B, C, D/],
  ['a file that nobody knows', { action: 'redrive', file: 'x' }, /file x is not registered/],
  ['a time long ago', { action: 'reconcile', bucket: 'inbox', since: '2020-01-01T00:00:00Z' }, /since must be a time in ISO 8601 and at most 89 days ago/],
  ['no time', { action: 'reconcile', bucket: 'inbox', since: 'yesterday' }, /since must be a time/],
  ['no file', { action: 'redrive' }, /file must be text/],
  ['no reason', { action: 'skip', file: 'x' }, /reason must be text/],
])('throws for a request with %s', async (_, request, message) => {
  await expect(operator(request)).rejects.toThrow(message);
});
