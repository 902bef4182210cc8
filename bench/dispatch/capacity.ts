import {
  type AttributeValue,
  type ConsumedCapacity,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { dispatchTableDefinition, DynamoDbStore, FileTask } from 'fileworks-runtime/dispatch';
import { type Arrival, Dispatcher, type Limits } from '../../src/runtime/dist/esm/runtime/dispatch/index.js';
import { startDynamoDbLocal } from '../../test/support/dynamodb-local.ts';
import { type Row, arrivalOf, atMost, round } from './row.ts';

const FILES = 20;
const writes = new Set(['TransactWriteItemsCommand', 'PutItemCommand', 'UpdateItemCommand']);

/**
 * Write units of a file on the happy path: registered, claimed, begun, completed. The first of a sequence makes its
 * head and is left out.
 */
export async function capacity(): Promise<Row[]> {
  const server = await startDynamoDbLocal();
  const client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    const plain = await cost(client, 'plain', {});
    const tracked = await cost(client, 'tracked', { overwrite: 'latest' });
    const limited = await cost(client, 'limited', {}, { all: 1 });
    const parallel = await cost(client, 'parallel', { sequence: undefined });
    const row = (name: string, { byRule, table, indexes, bytes }: Cost, goal: number) =>
      atMost(name, 'write units per file, table', Math.max(byRule, table), goal, {
        'DynamoDB Local, table': round(table),
        'DynamoDB Local, indexes': round(indexes),
        'bytes of a row': bytes,
      });
    return [
      row('sequential', plain, 15),
      row('sequential, overwrites and deletes tracked', tracked, 17),
      row('sequential, under a limit', limited, 17),
      row('parallel without limit', parallel, 3),
    ];
  } finally {
    client.destroy();
    await server.stop();
  }
}

interface Cost {
  /** By AWS's rule: an item of a transaction costs two units per kilobyte, a single item one. */
  byRule: number;
  /** ConsumedCapacity of DynamoDB Local, which omits some items of larger transactions. */
  table: number;
  indexes: number;
  bytes: number;
}

async function cost(
  client: DynamoDBClient,
  tableName: string,
  more: Partial<Arrival>,
  limits: Limits = {},
): Promise<Cost> {
  await client.send(
    new CreateTableCommand({
      ...dispatchTableDefinition,
      TableName: tableName,
    } as unknown as CreateTableCommand['input']),
  );
  const total: Cost = { byRule: 0, table: 0, indexes: 0, bytes: 0 };
  let counting = false;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (!counting || !writes.has(context.commandName ?? '')) {
        return next(args);
      }
      const input = args.input as { TransactItems?: unknown[] };
      const result = await next({ ...args, input: { ...input, ReturnConsumedCapacity: 'INDEXES' } });
      total.byRule += input.TransactItems === undefined ? 1 : 2 * input.TransactItems.length;
      const { ConsumedCapacity: consumed = [] } = result.output as {
        ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[];
      };
      for (const { Table, GlobalSecondaryIndexes = {} } of [consumed].flat()) {
        total.table += Table?.CapacityUnits ?? 0;
        total.indexes += Object.values(GlobalSecondaryIndexes).reduce(
          (sum, { CapacityUnits = 0 }) => sum + CapacityUnits,
          0,
        );
      }
      return result;
    },
    { step: 'initialize', name: 'count', override: true },
  );
  const store = new DynamoDbStore({ client, tableName });
  const claimed: string[] = [];
  const dispatcher = new Dispatcher({ store, limits, wake: (id) => Promise.resolve(void claimed.push(id)) });
  const arrival = (index: number) => arrivalOf(String(index), 'invoices/customer-0042', more);
  const { sequence } = arrival(0);
  // The next file waits when one ends
  await dispatcher.register(arrival(0));
  for (let index = 0; index <= FILES; index += 1) {
    counting = index > 0;
    await dispatcher.register(arrival(index + 1));
    const worker = `arn:aws:ecs:eu-central-1:111122223333:task/files/${index}`;
    const task = await FileTask.begin({
      store,
      fileId: claimed[index] ?? '',
      epoch: 1,
      worker,
      log: 'eu-central-1:/ecs/customer-pipeline/invoices:file/worker/0123456789abcdef0123456789abcdef',
    });
    await task.complete();
    if (sequence !== undefined) {
      await dispatcher.continueSequence(task.type, sequence, [task.id]);
    }
    total.bytes = Math.max(total.bytes, await sizeOf(client, tableName, task.id));
  }
  if (total.bytes > 1_024) {
    throw new Error(`the row of a file has ${total.bytes} bytes: the rule above holds for one kilobyte`);
  }
  return { ...total, byRule: total.byRule / FILES, table: total.table / FILES, indexes: total.indexes / FILES };
}

/** Bytes of a file's row as DynamoDB bills them: names and values. */
async function sizeOf(client: DynamoDBClient, tableName: string, id: string): Promise<number> {
  const { Item = {} } = await client.send(
    new GetItemCommand({ TableName: tableName, Key: { pk: { S: `F#${id}` }, sk: { S: 'F' } } }),
  );
  const bytes = (value: AttributeValue): number =>
    value.M ? 3 + of(value.M) : Buffer.byteLength(value.S ?? value.N ?? ' ');
  const of = (fields: Record<string, AttributeValue>): number =>
    Object.entries(fields).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + bytes(value) + 1, 0);
  return of(Item);
}
