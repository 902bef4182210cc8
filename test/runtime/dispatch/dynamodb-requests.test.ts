import { type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDbStore } from '../../../src/runtime/dispatch/index.js';

// DynamoDB Local is always consistent, so no test on it notices another read
const inputs: Record<string, unknown>[] = [];
const client = {
  send: ({ input }: { input: Record<string, unknown> }) => {
    inputs.push(input);
    return Promise.resolve({});
  },
} as unknown as DynamoDBClient;
const store = new DynamoDbStore({ client, tableName: 'dispatch' });

test.each<[string, () => Promise<unknown>]>([
  ['a file', () => store.file('one')],
  ['a key row', () => store.key('inbox', 'a/1')],
  ['pauses', () => store.pauses()],
  ['slots', () => store.heads('A')],
  ['the queue', () => store.queued('A', 1)],
  ['the order of the last file', () => store.lastQueued('A')],
])('reads %s strongly consistently', async (_, read) => {
  inputs.length = 0;
  await read();
  expect(inputs).toEqual([expect.objectContaining({ TableName: 'dispatch', ConsistentRead: true })]);
});
