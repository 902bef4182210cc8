import { DynamoDBClient, type BatchGetItemCommandInput, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { DynamoMetadata, entriesMatching, openZip, type MetadataLookup } from '../../../src/runtime/archive/index.js';
import { buildZip } from '../../support/zip-builder.js';

/** Array.fromAsync, which the libraries of ES2023 do not have. */
async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
  }
  return found;
}

const names = Array.from({ length: 250 }, (_, i) => `e${i}`);
const archive = (): ReturnType<typeof openZip> =>
  openZip(buildZip([{ name: 'dir/', method: 0 }, ...names.map((name) => ({ name, content: name }))]).bytes);

/** Answers in the place of DynamoDB; the real client builds the commands. */
function client(answer: (input: BatchGetItemCommandInput & QueryCommandInput, call: number) => unknown): {
  client: DynamoDBClient;
  calls: () => number;
} {
  const dynamo = new DynamoDBClient({ region: 'us-east-1' });
  let calls = 0;
  jest
    .spyOn(dynamo, 'send')
    .mockImplementation(((command: { input: BatchGetItemCommandInput & QueryCommandInput }) =>
      Promise.resolve(answer(command.input, ++calls))) as never);
  return { client: dynamo, calls: () => calls };
}

const keysOf = (input: BatchGetItemCommandInput): string[] =>
  (input.RequestItems?.t.Keys ?? []).map((key) => key.name.S ?? '');
const items = (found: string[]): object => ({
  Responses: { t: found.map((name) => marshall({ name, owner: `owner of ${name}` })) },
});

test('finds entries in batches and keeps their order', async () => {
  const sizes: number[] = [];
  const lookup: MetadataLookup<number> = {
    batchSize: 60,
    find: async (asked) => {
      sizes.push(asked.length);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      return new Map(asked.filter((name) => name.endsWith('7')).map((name) => [name, name.length]));
    },
  };
  const found = await collected(entriesMatching(await archive(), lookup));
  expect(found.map(({ entry }) => entry.name)).toEqual(names.filter((name) => name.endsWith('7')));
  expect(found[0]?.metadata).toBe(2);
  expect(sizes).toEqual([60, 60, 60, 60, 10]);
});

test('throws what the lookup throws', async () => {
  const lookup: MetadataLookup<number> = { find: () => Promise.reject(new Error('table is gone')) };
  await expect(collected(entriesMatching(await archive(), lookup))).rejects.toThrow('table is gone');
});

test('asks DynamoDB for a hundred keys at a time, and not twice for the same', async () => {
  const dynamo = client((input) => items(keysOf(input).filter((name) => name.endsWith('7'))));
  const lookup = new DynamoMetadata({ client: dynamo.client, tableName: 't', nameAttribute: 'name' });
  const found = await collected(entriesMatching(await archive(), lookup));
  expect(found[0]?.metadata).toEqual({ name: 'e7', owner: 'owner of e7' });
  expect(dynamo.calls()).toBe(3);
  expect(await collected(entriesMatching(await archive(), lookup))).toHaveLength(found.length);
  expect(dynamo.calls()).toBe(3);
});

test('asks again for what DynamoDB left unprocessed', async () => {
  const dynamo = client((input, call) => {
    const keys = keysOf(input);
    return call > 2
      ? items(keys)
      : {
          ...items(keys.slice(0, 10)),
          UnprocessedKeys: { t: { Keys: keys.slice(10).map((name) => ({ name: { S: name } })) } },
        };
  });
  const lookup = new DynamoMetadata({ client: dynamo.client, tableName: 't', nameAttribute: 'name' });
  expect((await lookup.find(names.slice(0, 50))).size).toBe(50);
  expect(dynamo.calls()).toBe(3);
});

test('fails with a code of its own when keys stay unprocessed', async () => {
  const dynamo = client((input) => ({ UnprocessedKeys: { t: { Keys: input.RequestItems?.t.Keys } } }));
  const lookup = new DynamoMetadata({ client: dynamo.client, tableName: 't', nameAttribute: 'name', maxAttempts: 2 });
  await expect(lookup.find(['a'])).rejects.toMatchObject({ code: 'ERR_METADATA_UNAVAILABLE' });
});

test('reads a partition page by page, once', async () => {
  const dynamo = client((input, call) => {
    expect(input.ExpressionAttributeValues).toEqual({ ':partition': { S: 'customer 7' } });
    return call === 1
      ? { Items: [marshall({ name: 'k-a', v: 1 })], LastEvaluatedKey: { name: { S: 'k-a' } } }
      : { Items: [marshall({ name: 'k-b', v: 2 })] };
  });
  const lookup = new DynamoMetadata({
    client: dynamo.client,
    tableName: 't',
    nameAttribute: 'name',
    partition: { attribute: 'customer', value: 'customer 7' },
    keyOf: (name) => `k-${name}`,
  });
  expect([...(await lookup.find(['a', 'b', 'c']))]).toEqual([
    ['a', { name: 'k-a', v: 1 }],
    ['b', { name: 'k-b', v: 2 }],
  ]);
  await lookup.find(['a']);
  expect(dynamo.calls()).toBe(2);
});

test('forgets a partition that could not be read', async () => {
  const dynamo = client((_, call) => (call === 1 ? Promise.reject(new Error('throttled')) : { Items: [] }));
  const lookup = new DynamoMetadata({
    client: dynamo.client,
    tableName: 't',
    nameAttribute: 'name',
    partition: { attribute: 'p', value: '1' },
  });
  await expect(lookup.find(['a'])).rejects.toThrow('throttled');
  expect((await lookup.find(['a'])).size).toBe(0);
});
