import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Pool, type PoolClient } from 'pg';
import { MemoryStore } from './support/memory-store';
import { arrival, fileIn } from './support/rows';
import {
  Dispatcher,
  type DispatchStore,
  FileTask,
  type Limits,
  type PostgresPool,
  PostgresStore,
} from '../../../src/runtime/dispatch/index.js';
import { createDispatchTable } from '../../support/dispatch-table';
import { startDynamoDbLocal } from '../../support/dynamodb-local';
import { startPostgres } from '../../support/postgres-server';
import { RequestCounter } from '../../support/request-counter';

const WAITING = 60;

interface Counted {
  readonly counter: RequestCounter;
  emptyStore(name: string): Promise<DispatchStore>;
  stop(): Promise<void>;
}

function memory(): Promise<Counted> {
  const counter = new RequestCounter();
  const emptyStore = () => {
    const store = new MemoryStore();
    const counted: DispatchStore = Object.assign(Object.create(store) as DispatchStore, {
      file: (id) => counter.count(() => store.file(id)),
      heads: (sequence) => counter.count(() => store.heads(sequence)),
      pauses: () => counter.count(() => store.pauses()),
      queued: (sequence, limit) => counter.count(() => store.queued(sequence, limit)),
      commit: (writes) => counter.count(() => store.commit(writes)),
      backlog: (after) => store.backlog(after),
      lastQueued: (sequence) => store.lastQueued(sequence),
    } satisfies Partial<DispatchStore>);
    return Promise.resolve(counted);
  };
  return Promise.resolve({ counter, emptyStore, stop: () => Promise.resolve() });
}

async function dynamoDb(): Promise<Counted> {
  const server = await startDynamoDbLocal();
  const client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  return {
    counter: new RequestCounter().of(client),
    emptyStore: (name) => createDispatchTable(client, `${name}-${process.pid}`),
    stop: async () => {
      client.destroy();
      await server.stop();
    },
  };
}

async function postgres(): Promise<Counted> {
  const server = await startPostgres({ fsync: 'off', synchronous_commit: 'off' });
  const pool = new Pool({ connectionString: server.connectionString, max: 16 });
  pool.on('error', () => undefined);
  const counter = new RequestCounter();
  const counted = (connection: Pool | PoolClient) => ({
    query: (text: string, values?: unknown[]) => counter.count(() => connection.query(text, values)),
  });
  const store = new PostgresStore({
    pool: {
      ...counted(pool),
      connect: async () => {
        const client = await pool.connect();
        return { ...counted(client), release: (error) => client.release(error) };
      },
    } satisfies PostgresPool,
  });
  await store.migrate();
  return {
    counter,
    emptyStore: async () => {
      await pool.query('TRUNCATE fileworks_file, fileworks_head, fileworks_key, fileworks_pause');
      return store;
    },
    stop: async () => {
      await pool.end();
      await server.stop();
    },
  };
}

/** Sequences whose first file runs or was never claimed, each with one that waits. */
async function fill(store: DispatchStore, type: string, isRunning: boolean): Promise<void> {
  await Promise.all(
    Array.from({ length: WAITING }, async (_, index) => {
      const sequence = `${type}/w${index}`;
      await store.commit([
        { kind: 'insert', row: fileIn('queued', { id: `${type}-${index}`, type, sequence, rev: 1 }) },
        ...(isRunning
          ? ([{ kind: 'head', sequence, slot: 0, change: { version: 1, holder: `${type}-${index}-0` } }] as const)
          : []),
      ]);
    }),
  );
}

/** One more statement for the transaction's begin and end, and for each row beside the head and the file. */
const engines = [
  ['memory', memory, 0],
  ['DynamoDB Local', dynamoDb, 0],
  ['PostgreSQL', postgres, 3],
] as const;

describe.each(engines)('from the end of a file to the next claim on %s', (_, start, inTransaction) => {
  let engine: Counted;
  beforeAll(async () => {
    engine = await start();
  }, 600_000);
  afterAll(async () => engine.stop());

  /** Ends the files of one sequence after another, and counts after each what its follow-up takes. */
  async function ends(
    name: string,
    limits: Limits,
    waiting: { readonly type: string; readonly isRunning: boolean } | undefined,
    count: number,
  ) {
    const store = await engine.emptyStore(name);
    if (waiting !== undefined) {
      await fill(store, waiting.type, waiting.isRunning);
    }
    const claims: { readonly id: string; readonly trips: number }[] = [];
    const dispatcher = new Dispatcher({
      store,
      limits,
      wake: (id) => Promise.resolve(void claims.push({ id, trips: engine.counter.trips })),
    });
    for (let index = 0; index <= count; index += 1) {
      await dispatcher.register(arrival(String(index), { sequence: 'A/own' }));
    }
    const found = [];
    for (let index = 0; index < count; index += 1) {
      const { id } = claims.at(-1)!;
      const task = await FileTask.begin({ store, fileId: id, epoch: 1, worker: `task-${id}` });
      await task.complete();
      const { type, sequence = '' } = (await store.file(id))!;
      engine.counter.reset();
      await dispatcher.continueSequence(type, sequence, [id]);
      found.push({ trips: claims.at(-1)!.trips, requests: engine.counter.requests, claims: claims.length });
    }
    expect(found.map(({ claims: all }) => all)).toEqual(found.map((_end, index) => index + 2));
    return found;
  }

  test('without a limit: 3 round trips', async () => {
    const found = await ends('none', {}, undefined, 2);
    expect(found.map(({ trips }) => trips)).toEqual([3 + inTransaction, 3 + inTransaction]);
  });

  test.each([
    ['one limit', { types: { A: 9 } }, 1],
    ['two limits', { all: 9, types: { A: 9 } }, 2],
  ])(
    '%s, not reached, while many sequences wait for their own files: 3 round trips, and no read for any of these',
    async (name, limits, places) => {
      const found = await ends(name.replace(' ', '-'), limits, { type: 'A', isRunning: true }, 2);
      const trips = 3 + (inTransaction > 0 ? inTransaction + places : 0);
      expect(found.map((end) => end.trips)).toEqual([trips, trips]);
      // Slots, places, queue, pauses, the ended file, and the claim
      expect(Math.max(...found.map(({ requests }) => requests))).toBeLessThanOrEqual(
        6 + places + inTransaction + places,
      );
    },
  );

  test.each([
    ['the limit of the type', { types: { A: 1 } }, 1],
    ['the limit of all types', { all: 1, types: { A: 5 } }, 2],
  ])(
    '%s is reached, and many sequences wait for it: 3 round trips, after the first end',
    async (_name, limits, places) => {
      const [, ...warm] = await ends(`full-${places}`, limits, { type: 'A', isRunning: false }, 4);
      const trips = 3 + (inTransaction > 0 ? inTransaction + places : 0);
      expect(warm.map((end) => end.trips)).toEqual([trips, trips, trips]);
    },
  );

  test('the limit is reached, and only files of the sequence wait: 3 round trips, after the first end', async () => {
    const [, ...warm] = await ends('own', { all: 1 }, undefined, 3);
    const trips = 3 + (inTransaction > 0 ? inTransaction + 1 : 0);
    expect(warm.map((end) => end.trips)).toEqual([trips, trips]);
  });
});
