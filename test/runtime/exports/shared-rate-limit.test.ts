import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SharedRateLimit } from '../../../src/runtime/exports/index.js';
import { type DynamoDbLocal, startDynamoDbLocal } from '../../support/dynamodb-local.js';

let server: DynamoDbLocal;
let client: DynamoDBClient;
let names = 0;

beforeAll(async () => {
  server = await startDynamoDbLocal();
  client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await client.send(
    new CreateTableCommand({
      TableName: 'limits',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    }),
  );
  await new SharedRateLimit({ client, tableName: 'limits', name: 'warm', perSecond: 1 }).take();
}, 60_000);

afterAll(async () => {
  client.destroy();
  await server.stop();
});

/** Several tasks with the same limit. */
function tasks(count: number, perSecond: number, burst = 1): SharedRateLimit[] {
  const name = `api-${(names += 1)}`;
  return Array.from(
    { length: count },
    () => new SharedRateLimit({ client, tableName: 'limits', name, perSecond, burst }),
  );
}

it('keeps the rate of all tasks together', async () => {
  const began = Date.now();
  const times: number[] = [];
  await Promise.all(
    tasks(3, 50).flatMap((task) =>
      Array.from({ length: 10 }, () => task.take().then(() => times.push(Date.now() - began))),
    ),
  );
  expect(times).toHaveLength(30);
  // The last of 30 places is 29 intervals of 20 ms after the first
  expect(Math.max(...times)).toBeGreaterThanOrEqual(29 * 20 - 5);
  expect(times.filter((at) => at < 195).length).toBeLessThanOrEqual(11);
});

it('takes the places of all who wait in a task with one update', async () => {
  const task = tasks(1, 10_000)[0];
  const updates = jest.spyOn(client, 'send');
  await Promise.all(Array.from({ length: 100 }, () => task.take()));
  expect(updates.mock.calls.length).toBeLessThanOrEqual(4);
  updates.mockRestore();
});

it('lets a burst pass at once after silence, and no more', async () => {
  const task = tasks(1, 0.5, 5)[0];
  const began = Date.now();
  const passed: number[] = [];
  const takes = Array.from({ length: 6 }, (_, place) => task.take().then(() => passed.push(place)));
  await Promise.all(takes.slice(0, 5));
  expect(passed).toEqual([0, 1, 2, 3, 4]);
  await takes[5];
  // An interval of two seconds after the first, less what a timer may be early
  expect(Date.now() - began).toBeGreaterThanOrEqual(1_990);
});

it('has every task wait when the server asks for silence', async () => {
  const [one, other] = tasks(2, 1_000);
  const began = Date.now();
  await one.pause(300);
  await other.take();
  // However long the two updates took: silence ends 300 ms after it was asked for, less what a timer may be early
  expect(Date.now() - began).toBeGreaterThanOrEqual(295);
});

it('stops to wait when its signal aborts', async () => {
  const task = tasks(1, 0.01)[0];
  await task.take();
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('stopped')), 50);
  await expect(task.take(stop.signal)).rejects.toThrow('stopped');
});

it('rejects waiting requests when DynamoDB fails, and continues with the next', async () => {
  const task = tasks(1, 1_000)[0];
  const send = jest.spyOn(client, 'send').mockImplementationOnce(() => Promise.reject(new Error('throttled')) as never);
  await expect(task.take()).rejects.toThrow('throttled');
  send.mockRestore();
  await task.take();
});

it('fails with options that are out of their range', () => {
  expect(() => new SharedRateLimit({ client, tableName: 'limits', name: 'x', perSecond: 0, burst: 0 })).toThrow(
    /`perSecond`[^]*`burst`/,
  );
});

it.each([
  [60_000, 60],
  [1e15, 900],
])(
  'refuses requests of every task during a pause of %i ms, and says for how long, at most 15 minutes',
  async (ms, seconds) => {
    const [first, second] = tasks(2, 50);
    await first.pause(ms);
    const error: unknown = await second.take().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_DEPENDENCY_UNAVAILABLE' });
    const { retryAfterSeconds } = error as { readonly retryAfterSeconds: number };
    expect(retryAfterSeconds).toBeGreaterThan(seconds - 10);
    expect(retryAfterSeconds).toBeLessThanOrEqual(seconds);
  },
);
