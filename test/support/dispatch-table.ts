import { CreateTableCommand, type CreateTableCommandInput, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dispatchTableDefinition, DynamoDbStore } from '../../src/runtime/dispatch/index.js';

/** A store in a new table, which is made from the same definition as the construct's. */
export async function createDispatchTable(client: DynamoDBClient, tableName: string): Promise<DynamoDbStore> {
  await client.send(
    new CreateTableCommand({ ...dispatchTableDefinition, TableName: tableName } as unknown as CreateTableCommandInput),
  );
  return new DynamoDbStore({ client, tableName });
}
