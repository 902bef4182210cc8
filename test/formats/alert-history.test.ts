import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { itemsOf, localDynamoDb, type LocalDynamoDb, putItems } from './support/local-dynamodb';
import { describeFormat } from './support/stored-format';
import { ALERT_TABLE } from '../../src/contract/task-alerts';
import { AlertHistory } from '../../src/handlers/task-alerts/alert-history';

jest.setTimeout(120_000);

const PERIOD = Date.parse('2026-11-30T00:00:00Z') / 1_000;
let dynamoDb: LocalDynamoDb;

beforeAll(async () => {
  dynamoDb = await localDynamoDb();
});
afterAll(() => dynamoDb.stop());

async function createTable(tableName: string): Promise<AlertHistory> {
  await dynamoDb.client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: ALERT_TABLE.key, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: ALERT_TABLE.key, AttributeType: 'S' }],
    }),
  );
  return new AlertHistory(dynamoDb.client, tableName);
}

describeFormat({
  name: 'alert-history',
  async write() {
    const history = await createTable('written');
    await history.record('stopped/task-1', PERIOD + 1);
    await history.count(PERIOD, 300);
    await history.count(PERIOD, 300);
    return itemsOf(dynamoDb.client, 'written', ({ id }) => `${id.split('#')[0]}s`, [ALERT_TABLE.key]);
  },
  async read(records, version) {
    const history = await createTable(`version-${version}`);
    await putItems(dynamoDb.client, `version-${version}`, records);
    expect(await history.includes('stopped/task-1')).toBe(true);
    expect(await history.includes('stopped/task-2')).toBe(false);
    expect(await history.count(PERIOD, 300)).toBe(3);
  },
});
