import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { itemsOf, localDynamoDb, type LocalDynamoDb, putItems } from './support/local-dynamodb';
import { describeFormat } from './support/stored-format';
import { ExportJobStore, SharedRateLimit } from '../../src/runtime/exports/index.js';
import type { Clock } from '../../src/runtime/support/clock.js';

jest.setTimeout(120_000);

const NOW = Date.parse('2026-11-30T00:00:00Z');
let dynamoDb: LocalDynamoDb;

beforeAll(async () => {
  dynamoDb = await localDynamoDb();
});
afterAll(() => dynamoDb.stop());

async function createTable(tableName: string): Promise<ExportJobStore> {
  const keys = [
    { AttributeName: 'pk', KeyType: 'HASH' as const },
    { AttributeName: 'sk', KeyType: 'RANGE' as const },
  ];
  await dynamoDb.client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keys,
      AttributeDefinitions: keys.map(({ AttributeName }) => ({ AttributeName, AttributeType: 'S' })),
    }),
  );
  return new ExportJobStore({ client: dynamoDb.client, tableName });
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `file ${index}`);
const outcome = (index: number) => ({ bytes: 100, ...(index === 1 && { failure: 'ERR_DOWNLOAD_SIZE' }) });

/** Registers files, and finishes the first ones; the second of them fails. */
async function begin(store: ExportJobStore, jobId: string, files: number, finished: number): Promise<void> {
  await store.begin(jobId, `event-of-${jobId}`);
  const numbers = await store.register(jobId, names(files));
  for (const [index, name] of names(finished).entries()) {
    await store.finish(jobId, name, numbers.get(name)!, outcome(index));
  }
}

/** A limit at a fixed time, and the times that its requests waited. */
function rateLimit(tableName: string, waited: number[] = []): SharedRateLimit {
  const clock: Clock = {
    now: () => NOW,
    date: () => new Date(NOW),
    after(ms, callback) {
      waited.push(ms);
      setImmediate(callback);
      return { cancel: () => undefined };
    },
  };
  return new SharedRateLimit({ client: dynamoDb.client, tableName, name: 'api', perSecond: 10, clock });
}

const KINDS: Readonly<Record<string, string>> = {
  JOB: 'jobs',
  FILE: 'files',
  BLOCK: 'blocks',
  FAILED: 'failures',
  RATE: 'rate-limits',
};

describeFormat({
  name: 'export-jobs',
  closed: ['status'],
  async write() {
    const store = await createTable('written');
    jest.spyOn(Date, 'now').mockReturnValue(NOW);
    await begin(store, 'dispatching', 70, 66);
    await store.moveCursor('dispatching', undefined, 'page 2', { pages: 1 });
    await begin(store, 'dispatched', 3, 2);
    await store.close('dispatched');
    await begin(store, 'completed', 2, 2);
    await store.close('completed');
    await store.claimEndEvent('completed', new Date(NOW));
    await store.markEndEventSent('completed');
    await begin(store, 'claimed', 1, 1);
    await store.close('claimed');
    await store.claimEndEvent('claimed', new Date(NOW));
    await begin(store, 'recovered', 2, 2);
    await store.close('recovered');
    await store.recover('recovered', 'file 1', 1, 100);
    await begin(store, 'failed', 0, 0);
    await store.fail('failed', 'ERR_EXPORT_API');
    await rateLimit('written').pause(5_000);
    jest.spyOn(Date, 'now').mockRestore();
    return itemsOf(dynamoDb.client, 'written', ({ sk }) => KINDS[sk.split('#')[0]]);
  },
  async read(records, version) {
    const tableName = `version-${version}`;
    const store = await createTable(tableName);
    await putItems(dynamoDb.client, tableName, records);

    // A list continues from its position, files keep their numbers, and finished ones count once
    expect(await store.begin('dispatching', 'another event')).toMatchObject({
      status: 'dispatching',
      correlationId: 'event-of-dispatching',
      cursor: 'page 2',
    });
    const numbers = await store.register('dispatching', names(72));
    expect(names(72).map((name) => numbers.get(name))).toEqual(names(72).map((_, index) => index));
    await store.close('dispatching');
    for (const [index, name] of names(72).entries()) {
      const { finished } = await store.settle('dispatching', index);
      expect(finished).toBe(index < 66);
      await store.finish('dispatching', name, index, outcome(index));
    }
    expect(await store.job('dispatching')).toMatchObject({ status: 'completed', done: 71, failed: 1, bytes: 7_200 });

    // The last file of a job completes it
    expect(await store.finish('dispatched', 'file 2', 2, outcome(2))).toMatchObject({
      job: { status: 'completed', count: 3, done: 2, failed: 1, bytes: 300 },
    });
    const failures = [];
    for await (const failure of store.failures('dispatched')) {
      failures.push(failure);
    }
    expect(failures).toEqual([{ fileId: 'file 1', failure: 'ERR_DOWNLOAD_SIZE' }]);

    // The event of the end is sent once
    expect(await store.claimEndEvent('completed', new Date(NOW + 120_000))).toBe(false);
    expect(await store.claimEndEvent('claimed', new Date(NOW + 30_000))).toBeUndefined();
    expect(await store.claimEndEvent('claimed', new Date(NOW + 120_000))).toBe(true);

    // A failed file is known since version 2, and counted as done when it is stored
    const failed = await store.settle('completed', 1);
    expect(failed).toMatchObject({ finished: true, job: { done: 1, failed: 1 } });
    expect(failed.failed).toBe(version === 1 ? undefined : true);
    expect(await store.recover('completed', 'file 1', 1, 100)).toMatchObject({
      job: version === 1 ? { done: 1, failed: 1 } : { done: 2, failed: 0 },
    });
    if (version > 1) {
      expect(await store.settle('recovered', 1)).toMatchObject({ finished: true, job: { done: 2, failed: 0 } });
      expect((await store.failures('recovered').next()).done).toBe(true);
    }

    expect(await store.job('failed')).toMatchObject({ status: 'failed', reason: 'ERR_EXPORT_API' });
    expect(await store.reopen('failed')).toBe(true);
    expect(await store.job('failed')).toMatchObject({ status: 'dispatching' });

    // A pause of the API stays in force
    const waited: number[] = [];
    await rateLimit(tableName, waited).take();
    expect(waited).toEqual([5_000]);
  },
});
