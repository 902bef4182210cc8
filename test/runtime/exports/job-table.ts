import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { ExportJobStore } from '../../../src/runtime/exports/index.js';
import { startDynamoDbLocal } from '../../support/dynamodb-local.js';

/** A table for export jobs in DynamoDB Local. */
export interface JobTable {
  readonly client: DynamoDBClient;
  readonly endpoint: string;
  readonly tableName: string;
  readonly store: ExportJobStore;
  stop(): Promise<void>;
}

export async function startJobTable(): Promise<JobTable> {
  const server = await startDynamoDbLocal();
  const client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler({ httpAgent: { maxSockets: 64, keepAlive: true } }),
  });
  const tableName = 'export-jobs';
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
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
  return {
    client,
    endpoint: server.endpoint,
    tableName,
    store: new ExportJobStore({ client, tableName }),
    async stop() {
      client.destroy();
      await server.stop();
    },
  };
}
