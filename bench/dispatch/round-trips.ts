import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dispatchTableDefinition, DynamoDbStore, FileTask } from 'fileworks-runtime/dispatch';
import { Dispatcher } from '../../src/runtime/dist/esm/runtime/dispatch/index.js';
import { startDynamoDbLocal } from '../../test/support/dynamodb-local.ts';
import { type Row, arrivalOf, atMost } from './row.ts';

/**
 * Round trips to DynamoDB from the committed complete() of a file to the committed claim of the next one; calls at the
 * same time are one.
 */
export async function roundTrips(): Promise<Row[]> {
  const server = await startDynamoDbLocal();
  const client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  let trips = 0;
  let inFlight = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      if (inFlight === 0) {
        trips += 1;
      }
      inFlight += 1;
      try {
        return await next(args);
      } finally {
        inFlight -= 1;
      }
    },
    { step: 'finalizeRequest' },
  );
  try {
    await client.send(
      new CreateTableCommand({
        ...dispatchTableDefinition,
        TableName: 'turns',
      } as unknown as CreateTableCommand['input']),
    );
    const store = new DynamoDbStore({ client, tableName: 'turns' });
    const claimed: { id: string; trips: number }[] = [];
    const dispatcher = new Dispatcher({ store, wake: (id) => Promise.resolve(void claimed.push({ id, trips })) });
    for (const id of ['1', '2']) {
      await dispatcher.register(arrivalOf(id, 'invoices/customer-0042'));
    }
    const task = await FileTask.begin({ store, fileId: claimed[0]?.id ?? '', epoch: 1, worker: 'task' });
    await task.complete();
    trips = 0;
    await dispatcher.drive('invoices/customer-0042');
    return [atMost('next turn', 'round trips from complete() to claim', claimed[1]?.trips ?? Infinity, 3)];
  } finally {
    client.destroy();
    await server.stop();
  }
}
