import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ALERT_TABLE } from '../../src/contract/task-alerts';

const { key, heldIndex } = ALERT_TABLE;

/** The table of `TaskLifecycleAlerts`. */
export async function createAlertTable(client: DynamoDBClient, tableName: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      AttributeDefinitions: [
        { AttributeName: key, AttributeType: 'S' },
        { AttributeName: heldIndex.severity, AttributeType: 'S' },
        { AttributeName: heldIndex.dueAt, AttributeType: 'N' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: heldIndex.name,
          KeySchema: [
            { AttributeName: heldIndex.severity, KeyType: 'HASH' },
            { AttributeName: heldIndex.dueAt, KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
}
