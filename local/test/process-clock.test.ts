import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LocalCloud } from '../src';
import { APP, TASKS } from './fixtures/process-clock';
import { TOOLS, until } from './support/cloud';

jest.setTimeout(180_000);

const MINUTE_MS = 60_000;
const lines: string[] = [];
let cloud: LocalCloud;
let sqs: SQSClient;
let lambda: LambdaClient;

beforeAll(async () => {
  cloud = await LocalCloud.start({
    app: APP,
    tasks: TASKS,
    toolsDir: TOOLS,
    speed: 60,
    processClock: 'cloud',
    on: { output: ({ line }) => lines.push(line) },
  });
  sqs = new SQSClient(cloud.clientConfig());
  lambda = new LambdaClient(cloud.clientConfig());
});

afterAll(async () => {
  [sqs, lambda].forEach((client) => client.destroy());
  await cloud.stop();
});

const invoke = async (payload: object) => {
  const { FunctionError: failed, Payload: answer } = await lambda.send(
    new InvokeCommand({ FunctionName: cloud.outputs('Waiting')['Function'], Payload: JSON.stringify(payload) }),
  );
  const result = JSON.parse(Buffer.from(answer!).toString()) as Partial<Record<string, unknown>>;
  return { ...result, failed } as Partial<Record<string, unknown>>;
};

test('a task sees the time of the cloud, and its timers and messages follow it', async () => {
  const sentFrom = cloud.clock.now();
  await sqs.send(new SendMessageCommand({ QueueUrl: cloud.outputs('Waiting')['Queue'], MessageBody: 'work' }));
  const sentBy = cloud.clock.now();
  const line = await until(() => lines.find((candidate) => candidate.startsWith('{"seen"')), 'the task', 60_000);
  const readAt = cloud.clock.now();
  const { seen } = JSON.parse(line) as { seen: Record<string, number> };
  expect(seen['now']).toBeGreaterThan(sentFrom - MINUTE_MS);
  expect(seen['now']).toBeLessThanOrEqual(readAt);
  expect(seen['sent']).toBeGreaterThanOrEqual(sentFrom - 1_000);
  expect(seen['sent']).toBeLessThanOrEqual(sentBy + 1_000);
  expect(Math.abs(Date.parse(String(seen['date'])) - seen['now'])).toBeLessThan(MINUTE_MS);
  expect(Math.abs(seen['origin'] - seen['now'])).toBeLessThan(MINUTE_MS);
  expect(seen['waited']).toBeGreaterThan(299_000);
  expect(seen).toMatchObject({ isDate: true, leap: '2024-02-29T00:00:00.000Z' });
});

test('a metric of a task each minute raises an alarm on five minutes', async () => {
  await until(() => cloud.alarms().find(({ state }) => state === 'ALARM'), 'the alarm', 60_000);
  const timestamps = lines
    .filter((line) => line.includes('_aws'))
    .map((line) => (JSON.parse(line) as { _aws: { Timestamp: number } })._aws.Timestamp);
  expect(timestamps.length).toBeGreaterThanOrEqual(5);
  expect(timestamps.at(-1)).toBeLessThanOrEqual(cloud.clock.now());
});

test('a function sees the time of the cloud, and keeps its own options', async () => {
  const before = cloud.clock.now();
  const seen = await invoke({ waitMs: 2 * MINUTE_MS });
  expect(seen).toMatchObject({ failed: undefined, options: '--enable-source-maps' });
  expect(seen['now']).toBeGreaterThan(before - MINUTE_MS);
  expect(seen['now']).toBeLessThan(cloud.clock.now());
  expect(seen['waited']).toBeGreaterThan(2 * MINUTE_MS - 1_000);
  // Ten real seconds less those that it has waited, because a function never has less
  expect(seen['left']).toBeGreaterThan(120_000);
  expect(seen['left']).toBeLessThan(9 * MINUTE_MS);
});

test('a function that waits for longer than ten real seconds times out', async () => {
  expect(await invoke({ waitMs: 3_600_000 })).toMatchObject({
    failed: expect.any(String),
    errorMessage: expect.stringContaining('Task timed out after 120.00 seconds'),
  });
});

test('a lease ends on the clock', async () => {
  const queue = { QueueUrl: cloud.outputs('Waiting')['Queue'] };
  await sqs.send(new SendMessageCommand({ ...queue, MessageBody: 'lease' }));
  const receive = async () => {
    const { Messages: messages = [] } = await sqs.send(new ReceiveMessageCommand({ ...queue, VisibilityTimeout: 240 }));
    return messages.find(({ Body: body }) => body === 'lease');
  };
  await until(receive, 'the message');
  const leasedAt = cloud.clock.now();
  await until(receive, 'the message again', 60_000);
  expect(cloud.clock.now() - leasedAt).toBeGreaterThan(200_000);
});

test('the clock cannot be moved while processes follow it', async () => {
  await expect(cloud.clock.advance(60)).rejects.toMatchObject({
    code: 'OptionInvalid',
    message: expect.stringContaining('processClock must be real'),
  });
});
