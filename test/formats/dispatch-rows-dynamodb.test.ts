import { continueDispatch, writeDispatchRows } from './support/dispatch-scenario';
import { itemsOf, localDynamoDb, type LocalDynamoDb, putItems } from './support/local-dynamodb';
import { describeFormat } from './support/stored-format';
import { createDispatchTable } from '../support/dispatch-table';

jest.setTimeout(240_000);

let dynamoDb: LocalDynamoDb;

beforeAll(async () => {
  dynamoDb = await localDynamoDb();
});
afterAll(() => dynamoDb.stop());

const KINDS: Readonly<Record<string, string>> = { F: 'files', Q: 'queue-items', H: 'heads', K: 'keys', P: 'pauses' };

describeFormat({
  name: 'dispatch-rows-dynamodb',
  closed: ['status'],
  async write() {
    const store = await createDispatchTable(dynamoDb.client, 'written');
    await writeDispatchRows(store);
    return itemsOf(dynamoDb.client, 'written', ({ sk }) => KINDS[sk.charAt(0)]);
  },
  async read(records, version) {
    const store = await createDispatchTable(dynamoDb.client, `version-${version}`);
    await putItems(dynamoDb.client, `version-${version}`, records);
    await continueDispatch(store);
  },
});
