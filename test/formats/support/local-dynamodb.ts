import { DynamoDBClient, paginateScan, PutItemCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { startDynamoDbLocal } from '../../support/dynamodb-local';
import type { Json, Records } from './fixtures';

type Item = Record<string, AttributeValue>;

export interface LocalDynamoDb {
  readonly client: DynamoDBClient;
  stop(): Promise<void>;
}

export async function localDynamoDb(): Promise<LocalDynamoDb> {
  const server = await startDynamoDbLocal();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint: server.endpoint, region: 'local', credentials });
  return {
    client,
    async stop() {
      client.destroy();
      await server.stop();
    },
  };
}

/** All items of a table as DynamoDB returns them, by kind of item and key. */
export async function itemsOf(
  client: DynamoDBClient,
  tableName: string,
  kindOf: (item: Readonly<Record<string, string>>) => string,
  keyNames: readonly string[] = ['pk', 'sk'],
): Promise<Records> {
  const kinds: Record<string, Record<string, Json>> = {};
  for await (const { Items: items = [] } of paginateScan({ client }, { TableName: tableName })) {
    for (const item of items) {
      const keys = Object.fromEntries(Object.entries(item).map(([name, { S: text = '' }]) => [name, text]));
      (kinds[kindOf(keys)] ??= {})[keyNames.map((name) => keys[name]).join(' ')] = withSortedSets(item);
    }
  }
  return kinds;
}

export async function putItems(client: DynamoDBClient, tableName: string, records: Records): Promise<void> {
  for (const item of Object.values(records).flatMap((items) =>
    Object.values(items as unknown as Record<string, Item>),
  )) {
    await client.send(new PutItemCommand({ TableName: tableName, Item: item }));
  }
}

/** Sets have no order. */
const withSortedSets = (item: Item) =>
  JSON.parse(
    JSON.stringify(item, (type, value: unknown) => (type === 'NS' ? [...(value as string[])].sort() : value)),
  ) as Json;
