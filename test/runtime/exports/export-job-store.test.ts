import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ExportJobStore } from '../../../src/runtime/exports/index.js';
import { type JobTable, startJobTable } from './job-table.js';

jest.setTimeout(60_000);

let table: JobTable;
let store: ExportJobStore;
let jobId: string;
let jobs = 0;

beforeAll(async () => {
  table = await startJobTable();
  ({ store } = table);
});

afterAll(() => table.stop());

beforeEach(() => {
  jobId = `job-${(jobs += 1)}`;
});

const names = (count: number) => Array.from({ length: count }, (_, i) => `file-${i}`);

/** A job whose files are known. */
async function dispatched(count: number): Promise<ReadonlyMap<string, number>> {
  await store.begin(jobId, 'c');
  const numbers = await store.register(jobId, names(count));
  await store.close(jobId);
  return numbers;
}

async function finishAll(numbers: ReadonlyMap<string, number>, times = 1): Promise<void> {
  const files = [...numbers].flatMap((file) => Array.from({ length: times }, () => file));
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let file = files.pop(); file !== undefined; file = files.pop()) {
        await store.finish(jobId, file[0], file[1], { bytes: 10 });
      }
    }),
  );
}

/** The client of a process that is killed at its nth call. */
function diesAt(client: DynamoDBClient, call: number): DynamoDBClient {
  let calls = 0;
  const send = (command: never) => ((calls += 1) === call ? Promise.reject(new Error('killed')) : client.send(command));
  return { send } as unknown as DynamoDBClient;
}

it('numbers files from 0 on, and returns the same numbers again', async () => {
  await store.begin(jobId, 'c');
  const first = await store.register(jobId, names(150));
  expect([...first.values()].sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, i) => i));
  const again = await store.register(jobId, [...names(150).reverse(), 'new', 'new']);
  expect(again.get('file-0')).toBe(first.get('file-0'));
  expect(again.get('new')).toBe(150);
  expect(await store.job(jobId)).toMatchObject({ status: 'dispatching', count: 151 });
});

it('numbers no file twice when several processes dispatch', async () => {
  await store.begin(jobId, 'c');
  const register = async (files: readonly string[]): Promise<void> => {
    try {
      await store.register(jobId, files);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_EXPORT_JOB_CONTENTION' });
      await register(files);
    }
  };
  await Promise.all([names(40), names(60).reverse(), [...names(50), 'x']].map(register));
  const numbers = await store.register(jobId, [...names(60), 'x']);
  expect([...numbers.values()].sort((a, b) => a - b)).toEqual(Array.from({ length: 61 }, (_, i) => i));
});

it.each([1, 64, 65, 130])('completes a job of %i files with the last of them, whatever comes twice', async (count) => {
  const numbers = await dispatched(count);
  const [last, ...others] = [...numbers];
  await finishAll(new Map(others), 2);
  expect(await store.job(jobId)).toMatchObject({ status: 'dispatched' });
  await store.finish(jobId, last[0], last[1], { bytes: 10 });
  expect(await store.job(jobId)).toMatchObject({
    status: 'completed',
    count,
    done: count,
    failed: 0,
    bytes: 10 * count,
  });
  await finishAll(numbers);
  expect(await store.job(jobId)).toMatchObject({ done: count, bytes: 10 * count });
});

it.each([0, 1, 64, 130])('completes a job of %i files when its list ends after all of them', async (count) => {
  await store.begin(jobId, 'c');
  await finishAll(await store.register(jobId, names(count)));
  expect(await store.job(jobId)).toMatchObject({ status: 'dispatching' });
  expect(await store.close(jobId)).toMatchObject({ status: 'completed', done: count });
});

it('updates a block for each file, and the job for each block', async () => {
  const numbers = await dispatched(640);
  const send = jest.spyOn(table.client, 'send');
  await finishAll(numbers);
  const updated = send.mock.calls.map(([{ input }]) => (input as { Key?: { pk: { S: string } } }).Key?.pk.S ?? '');
  send.mockRestore();
  expect(updated.filter((pk) => pk.startsWith('JOB#'))).toHaveLength(10 + 1);
  expect(updated).toHaveLength(640 + 10 + 1);
  expect(await store.job(jobId)).toMatchObject({ status: 'completed', done: 640, bytes: 6_400 });
});

it('continues for a process that stopped between the last file and the completion', async () => {
  const numbers = await dispatched(2);
  await store.finish(jobId, 'file-0', numbers.get('file-0')!, { bytes: 1 });
  const killed = new ExportJobStore({ client: diesAt(table.client, 2), tableName: table.tableName });
  await expect(killed.finish(jobId, 'file-1', numbers.get('file-1')!, { bytes: 1 })).rejects.toThrow('killed');
  expect(await store.job(jobId)).toMatchObject({ status: 'dispatched' });
  expect(await store.settle(jobId, numbers.get('file-1')!)).toMatchObject({
    finished: true,
    job: { status: 'completed', done: 2 },
  });
});

it('counts failures apart and says which', async () => {
  const numbers = await dispatched(2);
  await store.finish(jobId, 'file-0', numbers.get('file-0')!, { bytes: 0, failure: 'ERR_ZIP_CRC' });
  const { job } = await store.finish(jobId, 'file-1', numbers.get('file-1')!, { bytes: 5 });
  expect(job).toMatchObject({ status: 'completed', done: 1, failed: 1, bytes: 5 });
  const failures = [];
  for await (const failure of store.failures(jobId)) {
    failures.push(failure);
  }
  expect(failures).toEqual([{ fileId: 'file-0', failure: 'ERR_ZIP_CRC' }]);
});

it('says of a file whether it is finished', async () => {
  const numbers = await dispatched(2);
  expect(await store.settle(jobId, numbers.get('file-0')!)).toEqual({ finished: false });
  await store.finish(jobId, 'file-0', numbers.get('file-0')!, { bytes: 0 });
  expect(await store.settle(jobId, numbers.get('file-0')!)).toEqual({ finished: true });
});

it('saves the place in the list, for one process at a time', async () => {
  await store.begin(jobId, 'c');
  await store.moveCursor(jobId, undefined, 'two');
  expect(await store.job(jobId)).toMatchObject({ cursor: 'two' });
  await expect(store.moveCursor(jobId, undefined, 'two')).rejects.toMatchObject({ code: 'ERR_EXPORT_JOB_CONTENTION' });
  await store.moveCursor(jobId, 'two', undefined);
  expect(await store.job(jobId)).not.toHaveProperty('cursor');
});

it('numbers no file of a job that is closed or failed', async () => {
  await dispatched(1);
  await expect(store.register(jobId, ['late'])).rejects.toMatchObject({ code: 'ERR_EXPORT_JOB_CONTENTION' });
});

it('fails a job once, and opens it again only on request', async () => {
  await store.begin(jobId, 'c');
  expect(await store.fail(jobId, 'ERR_EXPORT_NOT_FOUND')).toMatchObject({
    status: 'failed',
    reason: 'ERR_EXPORT_NOT_FOUND',
  });
  expect(await store.fail(jobId, 'OTHER')).toMatchObject({ reason: 'ERR_EXPORT_NOT_FOUND' });
  expect(await store.begin(jobId, 'c')).toMatchObject({ status: 'failed' });
  expect(await store.reopen(jobId)).toBe(true);
  expect(await store.reopen(jobId)).toBe(false);
  expect(await store.job(jobId)).toMatchObject({ status: 'dispatching' });
});

it('lets one process claim the event of the end, and another one a minute later', async () => {
  await dispatched(0);
  const claims = await Promise.all([1, 2, 3].map(() => store.claimEndEvent(jobId)));
  expect(claims.filter((claim) => claim === true)).toHaveLength(1);
  expect(claims.filter((claim) => claim === undefined)).toHaveLength(2);
  expect(await store.claimEndEvent(jobId, new Date(Date.now() + 61_000))).toBe(true);
  await store.markEndEventSent(jobId);
  expect(await store.claimEndEvent(jobId, new Date(Date.now() + 200_000))).toBe(false);
});

it('keeps jobs apart whose ids look alike', async () => {
  await store.begin('a', 'c');
  await store.begin('a#b', 'c');
  await store.register('a', ['b#c']);
  expect(await store.register('a#b', ['c', 'd'])).toEqual(
    new Map([
      ['c', 0],
      ['d', 1],
    ]),
  );
});

it('fails with a retention that is shorter than the life of a message', () => {
  expect(() => new ExportJobStore({ client: table.client, tableName: 'x', retentionDays: 14 })).toThrow(
    /`retentionDays`/,
  );
});

describe('a failed file that is stored later', () => {
  const failed = { bytes: 0, failure: 'ERR_DOWNLOAD_ATTEMPTS' };
  const failures = async () => {
    const found = [];
    for await (const { fileId } of store.failures(jobId)) {
      found.push(fileId);
    }
    return found;
  };

  it.each([1, 64, 65])('is counted as done, once, in a completed job of %i files', async (count) => {
    const numbers = await dispatched(count);
    const [[fileId, number], ...others] = [...numbers];
    await store.finish(jobId, fileId, number, failed);
    await finishAll(new Map(others));
    await store.claimEndEvent(jobId);
    await store.markEndEventSent(jobId);
    expect(await store.settle(jobId, number)).toMatchObject({ finished: true, failed: true });
    for (let times = 0; times < 2; times += 1) {
      expect(await store.recover(jobId, fileId, number, 7)).toMatchObject({
        job: { status: 'completed', done: count, failed: 0, bytes: 10 * (count - 1) + 7 },
      });
    }
    expect(await store.settle(jobId, number)).not.toHaveProperty('failed');
    expect(await failures()).toEqual([]);
    expect(await store.claimEndEvent(jobId)).toBe(true);
  });

  it('is counted as done before its block is complete, and in the job with its block', async () => {
    const numbers = await dispatched(3);
    const [[fileId, number], ...others] = [...numbers];
    await store.finish(jobId, fileId, number, failed);
    await store.recover(jobId, fileId, number, 7);
    expect(await store.job(jobId)).toMatchObject({ status: 'dispatched', done: 0, failed: 0 });
    await finishAll(new Map(others));
    expect(await store.job(jobId)).toMatchObject({ status: 'completed', done: 3, failed: 0, bytes: 27 });
  });

  it('is counted as done once by several processes', async () => {
    const numbers = await dispatched(2);
    for (const [fileId, number] of numbers) {
      await store.finish(jobId, fileId, number, failed);
    }
    await Promise.allSettled(
      [...numbers, ...numbers, ...numbers].map(([fileId, number]) => store.recover(jobId, fileId, number, 7)),
    );
    for (const [fileId, number] of numbers) {
      await store.recover(jobId, fileId, number, 7);
    }
    expect(await store.job(jobId)).toMatchObject({ status: 'completed', done: 2, failed: 0, bytes: 14 });
  });

  it('that has not failed is not counted again', async () => {
    const numbers = await dispatched(1);
    await store.finish(jobId, 'file-0', numbers.get('file-0')!, { bytes: 5 });
    expect(await store.recover(jobId, 'file-0', numbers.get('file-0')!, 7)).toMatchObject({
      job: { done: 1, failed: 0, bytes: 5 },
    });
  });
});
