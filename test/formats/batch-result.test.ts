import type { Json } from './support/fixtures';
import { describeFormat } from './support/stored-format';
import type { BatchDocument } from '../../src/contract/batch';
import { PoisonMessage } from '../../src/runtime/index.js';
import { processBatch } from '../../src/runtime/jobs/batch/process-batch.js';
import { silentLogger } from '../../src/runtime/support/logger.js';
import { ManualClock } from '../../src/runtime/testing/index.js';
import { S3Stub } from '../support/s3-stub';

const RESULT = 'runs/run/results/b1.json';
const document: BatchDocument = {
  version: 1,
  runId: 'run',
  batchId: 'b1',
  bucket: 'inbox',
  files: ['good', 'bad', 'last'].map((name) => ({ key: `in/${name}.csv`, size: 7, etag: '"e"' })),
  filing: { by: 'none' },
  resultKey: 'run/results/b1.json',
};
let s3: S3Stub;

beforeEach(async () => {
  s3 = await S3Stub.start();
  store('runs/run/batches/b1.json', document as unknown as Json);
});
afterEach(() => s3.stop());

const stored = (key: string) => JSON.parse(s3.objects.get(key)!.body.toString()) as Json;
const store = (key: string, value: Json) =>
  s3.objects.set(key, { body: Buffer.from(JSON.stringify(value)), etag: '"m"', headers: {} });

/** Processes the batch, and stops it at a file. Returns the files that the handler was called for. */
async function work(stopAt?: string): Promise<string[]> {
  const stop = new AbortController();
  const called: string[] = [];
  const done = processBatch(
    { bucket: 'runs', key: 'run/batches/b1.json' },
    ({ key }) => {
      called.push(key);
      if (key === stopAt) {
        stop.abort(new Error('stopped'));
        stop.signal.throwIfAborted();
      }
      if (key === 'in/bad.csv') {
        throw new PoisonMessage('no rows');
      }
      return { rows: 3 };
    },
    { client: s3.client(), concurrency: 1, logger: silentLogger, clock: new ManualClock() },
    { signal: stop.signal, maxWaitMs: 0 },
  );
  await (stopAt === undefined ? done : expect(done).rejects.toThrow('stopped'));
  return called;
}

describeFormat({
  name: 'batch-result',
  closed: ['outcome'],
  async write() {
    await work('in/last.csv');
    const growing = stored(RESULT);
    await work();
    return { growing, complete: stored(RESULT) };
  },
  async read({ growing, complete }) {
    store(RESULT, growing);
    expect(await work()).toEqual(['in/last.csv']);
    expect(stored(RESULT)).toMatchObject({
      complete: true,
      files: [{ outcome: 'processed', output: { rows: 3 } }, { outcome: 'failed', reason: 'no rows' }, {}],
    });
    store(RESULT, complete);
    expect(await work()).toEqual([]);
    expect(stored(RESULT)).toEqual(complete);
  },
});

test.each<Json>([{ version: 2, finished: [] }, {}])(
  'refuses %j as the result of a batch, and keeps it',
  async (result) => {
    store(RESULT, result);
    await expect(work()).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('version 1'),
    });
    expect(stored(RESULT)).toEqual(result);
  },
);
