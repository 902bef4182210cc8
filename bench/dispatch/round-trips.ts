import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dispatchTableDefinition, DynamoDbStore, FileTask } from 'fileworks-runtime/dispatch';
import { Dispatcher, type FileRow, type Limits } from '../../src/runtime/dist/esm/runtime/dispatch/index.js';
import { startDynamoDbLocal } from '../../test/support/dynamodb-local.ts';
import { RequestCounter } from '../../test/support/request-counter.ts';
import { type Row, arrivalOf, atMost } from './row.ts';

const WAITING = 1_000;
const ENDS = 4;

interface Variant {
  readonly name: string;
  readonly limits: Limits;
  /** Other sequences with a file in their queue: they wait for one of their own, or for the limit. */
  readonly waiting?: 'own' | 'limit';
}

const variants: readonly Variant[] = [
  { name: 'no limit', limits: {} },
  { name: 'no limit, 1,000 sequences wait', limits: {}, waiting: 'own' },
  { name: 'a limit, not reached, 1,000 sequences wait', limits: { types: { invoices: 5_000 } }, waiting: 'own' },
  {
    name: 'two limits, not reached, 1,000 sequences wait',
    limits: { all: 5_000, types: { invoices: 5_000 } },
    waiting: 'own',
  },
  { name: 'a limit, reached, 1,000 sequences wait for it', limits: { types: { invoices: 1 } }, waiting: 'limit' },
  {
    name: 'two limits, one reached, 1,000 sequences wait for it',
    limits: { all: 1, types: { invoices: 50 } },
    waiting: 'limit',
  },
  { name: 'a limit, reached by one sequence', limits: { all: 1 } },
];

/**
 * Round trips to DynamoDB from the committed complete() of a file to the committed claim of the next one, and all
 * requests of its follow-up; the first end of a process is reported beside.
 */
export async function roundTrips(): Promise<Row[]> {
  const server = await startDynamoDbLocal();
  const client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    const counter = new RequestCounter().of(client);
    const rows: Row[] = [];
    for (const [index, variant] of variants.entries()) {
      rows.push(...(await measure(client, counter, `turns-${index}`, variant)));
    }
    return rows;
  } finally {
    client.destroy();
    await server.stop();
  }
}

async function measure(client: DynamoDBClient, counter: RequestCounter, tableName: string, variant: Variant) {
  const { name, limits, waiting } = variant;
  await client.send(
    new CreateTableCommand({
      ...dispatchTableDefinition,
      TableName: tableName,
    } as unknown as CreateTableCommand['input']),
  );
  const store = new DynamoDbStore({ client, tableName });
  if (waiting !== undefined) {
    await fill(store, waiting);
  }
  const claimed: { id: string; trips: number }[] = [];
  const dispatcher = new Dispatcher({
    store,
    limits,
    wake: (id) => Promise.resolve(void claimed.push({ id, trips: counter.trips })),
  });
  for (let index = 0; index <= ENDS; index += 1) {
    await dispatcher.register(arrivalOf(String(index), 'invoices/customer-0042'));
  }
  const trips: number[] = [];
  const requests: number[] = [];
  for (let end = 0; end < ENDS; end += 1) {
    const id = claimed.at(-1)?.id ?? '';
    const task = await FileTask.begin({ store, fileId: id, epoch: 1, worker: 'task' });
    await task.complete();
    const sequence = (await store.file(id))?.sequence ?? '';
    counter.reset();
    await dispatcher.continueSequence('invoices', sequence, [id]);
    trips.push(claimed.length === end + 2 ? (claimed.at(-1)?.trips ?? Infinity) : Infinity);
    requests.push(counter.requests);
  }
  const [firstTrips, ...laterTrips] = trips;
  const [firstRequests, ...laterRequests] = requests;
  return [
    atMost(name, 'round trips from complete() to claim', Math.max(...laterTrips), 3, { 'first end': firstTrips }),
    atMost(name, 'requests of an end', Math.max(...laterRequests), 30, { 'first end': firstRequests }),
  ];
}

async function fill(store: DynamoDbStore, waiting: 'own' | 'limit'): Promise<void> {
  for (let from = 0; from < WAITING; from += 50) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const sequence = `invoices/other-${from + index}`;
        const row: FileRow = {
          ...arrivalOf(`w${from + index}`, sequence),
          status: 'queued',
          rev: 1,
          epoch: 0,
          attempts: 0,
          interruptions: 0,
          registeredAt: 0,
          updatedAt: 0,
        };
        await store.commit([
          { kind: 'insert', row },
          ...(waiting === 'own'
            ? ([{ kind: 'head', sequence, slot: 0, change: { version: 1, holder: 'running' } }] as const)
            : []),
        ]);
      }),
    );
  }
}
