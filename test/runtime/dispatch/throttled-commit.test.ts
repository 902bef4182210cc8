import { DynamoDBClient, TransactionCanceledException, TransactionInProgressException } from '@aws-sdk/client-dynamodb';
import { fileIn } from './support/rows';
import { DynamoDbStore, type Write } from '../../../src/runtime/dispatch/index.js';
import { DependencyUnavailable } from '../../../src/runtime/errors.js';

afterEach(() => jest.restoreAllMocks());

const writes: Write[] = [{ kind: 'insert', row: fileIn('queued') }];
const canceled = (...codes: string[]) =>
  new TransactionCanceledException({
    message: 'Transaction cancelled',
    $metadata: {},
    CancellationReasons: codes.map((Code) => ({ Code })),
  });

async function commit(error: Error): Promise<unknown> {
  jest.spyOn(DynamoDBClient.prototype, 'send').mockImplementation(() => Promise.reject(error) as never);
  const client = new DynamoDBClient({ region: 'local' });
  return new DynamoDbStore({ client, tableName: 'files' }).commit(writes).catch((thrown: unknown) => thrown);
}

test.each([
  ['throttled', canceled('None', 'ThrottlingError')],
  ['throttled beside a lost race', canceled('ConditionalCheckFailed', 'ThrottlingError')],
  ['over its provisioned capacity', canceled('ProvisionedThroughputExceeded', 'None')],
  ['still in progress', new TransactionInProgressException({ message: 'in progress', $metadata: {} })],
])('a transaction that was %s is neither lost nor wrong', async (_, error) => {
  expect(await commit(error)).toBeInstanceOf(DependencyUnavailable);
});

test.each([
  ['a lost race', canceled('None', 'ConditionalCheckFailed'), false],
  ['a conflict', canceled('TransactionConflict', 'ConditionalCheckFailed'), false],
])('a transaction canceled by %s is lost', async (_, error, expected) => {
  expect(await commit(error)).toBe(expected);
});

test('a transaction with an invalid item is an error', async () => {
  const error = canceled('ValidationError', 'None');
  expect(await commit(error)).toBe(error);
});
