import {
  CreateBucketCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { BatchDocument, BatchFiling, BatchResult } from '../../../../src/contract/batch';
import {
  BatchExitCode,
  batchFunction,
  type BatchHandler,
  batchJobHandler,
  readBatchPointer,
  runBatch,
  type RunBatchOptions,
} from '../../../../src/runtime/entries/batch.js';
import { ConfigurationError, type JobContext, PoisonMessage, RetryLater } from '../../../../src/runtime/index.js';
import { moveObject } from '../../../../src/runtime/storage/index.js';
import type { Clock } from '../../../../src/runtime/support/clock.js';
import { type Logger, silentLogger } from '../../../../src/runtime/support/logger.js';
import { EmulatedS3 } from '../../../support/emulated-s3';

jest.setTimeout(120_000);

const MOVE: BatchFiling = { by: 'move', incoming: 'a/incoming/', processed: 'a/processed/', failed: 'a/failed/' };
const BUCKET = 'inbox';
const RUNS = 'runs';

let s3: EmulatedS3;
let batches = 0;

beforeAll(async () => {
  s3 = await EmulatedS3.start();
  await s3.client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await s3.client.send(new CreateBucketCommand({ Bucket: RUNS }));
});
afterAll(() => s3.stop());

const put = (key: string, body: string, bucket = BUCKET) =>
  s3.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
const text = async (key: string, bucket = BUCKET) =>
  (await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body!.transformToString();
const keys = async (prefix: string) =>
  ((await s3.client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }))).Contents ?? []).map(
    ({ Key }) => Key,
  );

/** Files in the bucket and a batch of them. */
async function batchOf(
  names: readonly string[],
  filing: BatchFiling = MOVE,
): Promise<{ document: BatchDocument; key: string; env: Record<string, string> }> {
  const batchId = `b${(batches += 1)}`;
  const key = `run/0/batches/${batchId}.json`;
  const files = await Promise.all(
    names.map(async (name) => {
      const { ETag: etag } = await put(`a/incoming/${name}`, `content of ${name}`);
      return { key: `a/incoming/${name}`, size: 11 + name.length, etag: etag! };
    }),
  );
  const document: BatchDocument = {
    version: 1,
    runId: 'run',
    batchId,
    bucket: BUCKET,
    files,
    filing,
    resultKey: `run/0/results/${batchId}.json`,
  };
  await put(key, JSON.stringify(document), RUNS);
  return { document, key, env: { FILEWORKS_BATCH_BUCKET: RUNS, FILEWORKS_BATCH_KEY: key } };
}

const resultOf = async ({ resultKey }: BatchDocument) => JSON.parse(await text(resultKey, RUNS)) as BatchResult;

async function run(env: Record<string, string>, handler: BatchHandler, more: RunBatchOptions = {}): Promise<number> {
  const codes: number[] = [];
  await runBatch(handler, {
    client: s3.client,
    env,
    logger: silentLogger,
    retry: () => 0,
    exit: (code) => codes.push(code),
    ...more,
  });
  expect(codes).toHaveLength(1);
  return codes[0];
}

type Command = Readonly<{ input: Readonly<{ Key?: string }> }>;

const denial = () => Object.assign(new Error('denied'), { name: 'AccessDenied', $metadata: {} });

/** A client that answers a call with an error, or passes it on. */
const faulty = (errorOf: (command: Command) => Error | undefined): S3Client =>
  ({
    send: (command: never) => {
      const error = errorOf(command);
      return error === undefined ? s3.client.send(command) : Promise.reject(error);
    },
  }) as unknown as S3Client;

/** Waits end at once, in their order, and have taken their time. */
const quickClock = (): Clock => {
  let now = 0;
  const timers = new Set<{ readonly due: number; readonly callback: () => void }>();
  return {
    now: () => now,
    date: () => new Date(),
    after: (ms, callback) => {
      const timer = { due: now + ms, callback };
      timers.add(timer);
      setImmediate(() => {
        const next = [...timers].toSorted((a, b) => a.due - b.due).at(0);
        if (next !== undefined) {
          timers.delete(next);
          now = next.due;
          next.callback();
        }
      });
      return { cancel: () => void timers.delete(timer) };
    },
  };
};

/** A client whose writes of one key are denied for some times. */
const deniedAtFirst = (resultKey: string, times: number) => {
  const denied: Pick<RunBatchOptions, 'client' | 'clock'> & { left: number } = {
    left: times,
    client: faulty((command) =>
      command instanceof PutObjectCommand && command.input.Key === resultKey && denied.left > 0
        ? ((denied.left -= 1), denial())
        : undefined,
    ),
    clock: quickClock(),
  };
  return denied;
};

test('a result that cannot be written for a while is written later, and no file is processed again for it', async () => {
  const { document, env } = await batchOf(['denied/x.csv', 'denied/y.csv'], { by: 'none' });
  const processed: string[] = [];
  const handler: BatchHandler = ({ key }) => void processed.push(key);
  const denied = deniedAtFirst(document.resultKey, 5);
  expect(await run(env, handler, denied)).toBe(BatchExitCode.done);
  expect(denied.left).toBe(0);
  expect(processed).toHaveLength(2);
  expect(await resultOf(document)).toMatchObject({ complete: true });
});

describe('while a dependency is unavailable', () => {
  test('its files wait without using up attempts, and one at a time is tried again', async () => {
    const { document, env } = await batchOf(
      Array.from({ length: 20 }, (_, index) => `away/${index}`),
      { by: 'none' },
    );
    let left = 10;
    let working = 0;
    let mostAfterRefusal = 0;
    const attempts = new Set<number>();
    const handler: BatchHandler = async (_file, { attempt }) => {
      attempts.add(attempt);
      working += 1;
      if (left > 0 && left < 7) {
        mostAfterRefusal = Math.max(mostAfterRefusal, working);
      }
      await new Promise((resolve) => setImmediate(resolve));
      working -= 1;
      if (left > 0) {
        left -= 1;
        throw denial();
      }
    };
    expect(await run(env, handler, { clock: quickClock(), concurrency: 4 })).toBe(BatchExitCode.done);
    expect([...attempts]).toEqual([1]);
    expect(mostAfterRefusal).toBe(1);
    expect((await resultOf(document)).files.map(({ outcome }) => outcome)).toEqual(Array(20).fill('processed'));
  });

  test('a longer outage ends the task with its own exit code, after ten minutes or after a minute', async () => {
    const { env } = await batchOf(['long/outage']);
    const refused = () => Promise.reject(denial());
    const clock = quickClock();
    expect(await run(env, refused, { clock })).toBe(BatchExitCode.unavailable);
    expect(clock.now()).toBeGreaterThan(500_000);
    expect(clock.now()).toBeLessThan(600_000);
    const next = quickClock();
    expect(await run({ ...env, FILEWORKS_UNAVAILABLE_SECONDS: '600' }, refused, { clock: next })).toBe(69);
    expect(next.now()).toBeLessThan(60_000);
    expect(await run(env, () => undefined)).toBe(BatchExitCode.done);
  });

  test('a task reports its wait each minute, and when a file is done after it', async () => {
    const { env } = await batchOf(['report/1', 'report/2']);
    const lines: string[] = [];
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    let left = 6;
    const handler: BatchHandler = () => (left > 0 ? ((left -= 1), Promise.reject(denial())) : undefined);
    await run({ ...env, FILEWORKS_TASK_NAME: 'Nightly' }, handler, { clock: quickClock() });
    write.mockRestore();
    const of = (metric: string) => lines.filter((line) => line.includes(metric) && !line.includes('"Dependency"'));
    expect(of('DependencyUnavailableTime').length).toBeGreaterThan(1);
    expect(of('DependencyAnsweredTime')).toHaveLength(19);
  });

  test('the batch and its result are read later, and what is done is not processed again', async () => {
    const { env, document } = await batchOf(['read/1', 'read/2'], { by: 'none' });
    await run(env, ({ key }) => (key.endsWith('2') ? Promise.reject(denial()) : undefined), { clock: quickClock() });
    let left = 4;
    const client = faulty((command) =>
      !(command instanceof PutObjectCommand) && left > 0 ? ((left -= 1), denial()) : undefined,
    );
    const done: string[] = [];
    expect(await run(env, ({ key }) => void done.push(key), { client, clock: quickClock() })).toBe(0);
    expect(done).toEqual(['a/incoming/read/2']);
    expect(await resultOf(document)).toMatchObject({ complete: true });
  });

  test('a file that alone is refused fails alone, after its attempts', async () => {
    const { env, document } = await batchOf(['own/0', 'own/1', 'own/2', 'own/3', 'own/denied', 'own/5']);
    let refusals = 0;
    const handler: BatchHandler = ({ key }) =>
      key.endsWith('denied') ? ((refusals += 1), Promise.reject(denial())) : undefined;
    expect(await run(env, handler, { clock: quickClock(), concurrency: 2 })).toBe(BatchExitCode.done);
    const { files } = await resultOf(document);
    expect(files.filter(({ outcome }) => outcome === 'processed')).toHaveLength(5);
    expect(files.at(-1)).toMatchObject({ key: 'a/incoming/own/denied', outcome: 'failed', reason: 'denied' });
    expect(refusals).toBeLessThan(6);
  });

  test('a function throws DependencyUnavailable after a minute, and a job of a queue the error', async () => {
    const { key } = await batchOf(['forms/1']);
    const options = { client: s3.client, logger: silentLogger, clock: quickClock() };
    const asFunction = batchFunction(() => Promise.reject(denial()), options);
    await expect(asFunction({ bucket: RUNS, key }, { getRemainingTimeInMillis: () => 900_000 })).rejects.toMatchObject({
      name: 'DependencyUnavailable',
      message: 'denied',
    });
    const sent: object[] = [];
    const stepFunctions = { send: (command: object) => Promise.resolve(sent.push(command)) };
    const asJob = batchJobHandler(() => Promise.reject(denial()), { ...options, stepFunctions });
    const context = { signal: new AbortController().signal, log: silentLogger, isLastAttempt: true } as JobContext;
    await expect(asJob({ body: { bucket: RUNS, key, taskToken: 't' } } as never, context)).rejects.toThrow('denied');
    expect(sent).toEqual([]);
  });
});

test('a file that cannot be moved or tagged is noted, and the others are done', async () => {
  const { env, document } = await batchOf(['mark/1', 'mark/2', 'mark/3', 'mark/4', 'mark/5'], { by: 'tag' });
  const invalid = Object.assign(new Error('Object tags cannot be greater than 10'), { name: 'BadRequest' });
  const client = faulty((command) => {
    const isTagging = command instanceof PutObjectTaggingCommand;
    return isTagging && command.input.Key!.endsWith('1') ? invalid : undefined;
  });
  expect(await run(env, () => undefined, { client })).toBe(BatchExitCode.done);
  const { files } = await resultOf(document);
  expect(files.map(({ outcome }) => outcome)).toEqual(Array(5).fill('processed'));
  expect(files.filter(({ unmarked }) => unmarked !== undefined)).toMatchObject([
    { key: 'a/incoming/mark/1', unmarked: 'Object tags cannot be greater than 10' },
  ]);
  let marks = 0;
  const counted = faulty((command) =>
    command instanceof PutObjectTaggingCommand ? ((marks += 1), invalid) : undefined,
  );
  expect(await run(env, () => undefined, { client: counted })).toBe(0);
  expect(marks).toBe(0);
});

test('a file that a manifest contains twice is processed once', async () => {
  const { env, document, key } = await batchOf(['twice/1', 'twice/2']);
  await put(key, JSON.stringify({ ...document, files: [...document.files, document.files[0]] }), RUNS);
  const done: string[] = [];
  expect(await run(env, (file) => void done.push(file.key))).toBe(0);
  expect(done).toEqual(['a/incoming/twice/1', 'a/incoming/twice/2']);
});

test('works on each file, writes what became of it, and moves it to its folder', async () => {
  const { document, env } = await batchOf(['one/x.csv', 'one/ü +&%41.csv', 'one/bad.csv']);
  const handler: BatchHandler = async ({ bucket, key }) => {
    if (key.endsWith('bad.csv')) {
      throw new PoisonMessage('no rows');
    }
    return { read: await text(key, bucket) };
  };
  expect(await run(env, handler)).toBe(BatchExitCode.done);
  const { complete, files } = await resultOf(document);
  expect(complete).toBe(true);
  const milliseconds = expect.any(Number) as number;
  expect(Object.fromEntries(files.map((file) => [file.key, file]))).toEqual({
    'a/incoming/one/x.csv': {
      key: 'a/incoming/one/x.csv',
      outcome: 'processed',
      size: 20,
      milliseconds,
      output: { read: 'content of one/x.csv' },
    },
    'a/incoming/one/ü +&%41.csv': expect.objectContaining({
      outcome: 'processed',
      output: { read: 'content of one/ü +&%41.csv' },
    }) as object,
    'a/incoming/one/bad.csv': {
      key: 'a/incoming/one/bad.csv',
      outcome: 'failed',
      size: 22,
      milliseconds,
      reason: 'no rows',
    },
  });
  expect(await keys('a/incoming/one/')).toEqual([]);
  expect(await keys('a/processed/one/')).toEqual(['a/processed/one/x.csv', 'a/processed/one/ü +&%41.csv']);
  expect(await keys('a/failed/one/')).toEqual(['a/failed/one/bad.csv']);
});

test('never has more files in work than it may, and does all of them', async () => {
  const { env, document } = await batchOf(Array.from({ length: 20 }, (_, index) => `many/${index}`));
  let working = 0;
  let most = 0;
  await run(
    env,
    async () => {
      most = Math.max(most, (working += 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
      working -= 1;
    },
    { concurrency: 3 },
  );
  expect(most).toBe(3);
  expect((await resultOf(document)).files).toHaveLength(20);
});

test('tries a file again as often as it may, and at once no more when no retry can help', async () => {
  const { env, document } = await batchOf(['again/ends-well', 'again/fails', 'again/later', 'again/poison']);
  const attempts: string[] = [];
  await run(
    env,
    ({ key }, { attempt }) => {
      attempts.push(`${key.slice(17)} ${attempt}`);
      if (key.endsWith('poison')) {
        throw new PoisonMessage('bad');
      }
      if (key.endsWith('later') && attempt === 1) {
        throw new RetryLater({ seconds: 0.01 });
      }
      if (key.endsWith('fails') || (key.endsWith('well') && attempt < 3)) {
        throw new Error(`attempt ${attempt}`);
      }
    },
    { concurrency: 1 },
  );
  expect(attempts).toEqual([
    'ends-well 1',
    'ends-well 2',
    'ends-well 3',
    'fails 1',
    'fails 2',
    'fails 3',
    'later 1',
    'later 2',
    'poison 1',
  ]);
  expect((await resultOf(document)).files.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['processed', undefined],
    ['failed', 'attempt 3'],
    ['processed', undefined],
    ['failed', 'bad'],
  ]);
});

test('continues where a task ended that exited as stopped', async () => {
  const { env, document } = await batchOf(['stop/1', 'stop/2', 'stop/3', 'stop/4']);
  const done: string[] = [];
  const code = await run(
    env,
    ({ key }, { signal }) => {
      done.push(key);
      if (!key.endsWith('3')) {
        return;
      }
      process.emit('SIGTERM', 'SIGTERM');
      signal.throwIfAborted();
    },
    { concurrency: 1 },
  );
  expect(code).toBe(BatchExitCode.stopped);
  expect(await resultOf(document)).toMatchObject({
    complete: false,
    files: [{ outcome: 'processed' }, { outcome: 'processed' }],
  });
  expect(await keys('a/incoming/stop/')).toEqual(['a/incoming/stop/3', 'a/incoming/stop/4']);
  expect(await run(env, ({ key }) => void done.push(key), { concurrency: 1 })).toBe(0);
  expect(done.map((key) => key.slice(-1))).toEqual(['1', '2', '3', '3', '4']);
  expect(await keys('a/incoming/stop/')).toEqual([]);
  expect(await run(env, () => Promise.reject(new Error('a batch that is done is not done again')))).toBe(0);
});

test('moves a file whose worker was killed after its result was written, without doing it again', async () => {
  const { env, document } = await batchOf(['killed/1', 'killed/2']);
  const files = [{ key: 'a/incoming/killed/1', outcome: 'failed', milliseconds: 1, reason: 'known' }];
  await put(
    document.resultKey,
    JSON.stringify({ version: 1, runId: 'run', batchId: document.batchId, complete: false, files }),
    RUNS,
  );
  const done: string[] = [];
  await run(env, ({ key }) => void done.push(key));
  expect(done).toEqual(['a/incoming/killed/2']);
  expect(await keys('a/failed/killed/')).toEqual(['a/failed/killed/1']);
});

test('leaves a file where it is that was written over while its first content was worked on', async () => {
  const { env } = await batchOf(['over/1']);
  await run(env, ({ key }) => put(key, 'another content').then(() => undefined));
  expect(await keys('a/incoming/over/')).toEqual(['a/incoming/over/1']);
  expect(await keys('a/processed/over/')).toEqual([]);
});

test('tags files beside the tags that they have, and skips those that a run has tagged', async () => {
  const { env, document } = await batchOf(['tag/good', 'tag/bad', 'tag/old'], { by: 'tag' });
  await s3.client.send(
    new PutObjectTaggingCommand({
      Bucket: BUCKET,
      Key: 'a/incoming/tag/good',
      Tagging: { TagSet: [{ Key: 'owner', Value: 'x' }] },
    }),
  );
  await s3.client.send(
    new PutObjectTaggingCommand({
      Bucket: BUCKET,
      Key: 'a/incoming/tag/old',
      Tagging: { TagSet: [{ Key: 'fileworks-batch', Value: 'processed' }] },
    }),
  );
  await run(env, ({ key }) => {
    if (!key.endsWith('good')) {
      throw new PoisonMessage('bad');
    }
  });
  const tags = async (key: string) =>
    (await s3.client.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key: key }))).TagSet?.map(
      ({ Key, Value }) => `${Key}=${Value}`,
    );
  expect(await tags('a/incoming/tag/good')).toEqual(['owner=x', 'fileworks-batch=processed']);
  expect(await tags('a/incoming/tag/bad')).toEqual(['fileworks-batch=failed']);
  expect((await resultOf(document)).files.find(({ key }) => key.endsWith('old'))).toMatchObject({ outcome: 'skipped' });
});

test('leaves files where they are when nothing is to become of them', async () => {
  const { env } = await batchOf(['stay/1'], { by: 'none' });
  expect(await run(env, () => undefined)).toBe(0);
  expect(await keys('a/incoming/stay/')).toEqual(['a/incoming/stay/1']);
});

test('fails a file whose handler returns more than a result has room for', async () => {
  const { env, document } = await batchOf(['long/1']);
  await run(env, () => 'x'.repeat(2_000), { attempts: 1 });
  expect((await resultOf(document)).files[0].reason).toBe(
    'the handler returned 2002 characters of JSON for the result of a file, more than the limit of 2000; write larger results to S3',
  );
});

test('fails when a result cannot be written, and stops the files that are in work', async () => {
  const { env } = await batchOf(['broken/1', 'broken/2']);
  const refused = {
    send: (command: never) =>
      (command as object) instanceof PutObjectCommand ? Promise.reject(new Error('refused')) : s3.client.send(command),
  };
  let stopped = false;
  const code = await run(
    env,
    ({ key: file }, { signal }) =>
      file.endsWith('1')
        ? undefined
        : new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              stopped = true;
              reject(signal.reason as Error);
            });
          }),
    { client: refused as unknown as S3Client },
  );
  expect([code, stopped]).toEqual([BatchExitCode.failed, true]);
  expect(await keys('a/incoming/broken/')).toHaveLength(2);
});

test('cannot start without a batch, and names every variable and option that is wrong', async () => {
  const problems: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    fatal: (fields) => problems.push((fields as { problem: unknown }).problem),
  };
  const never = () => Promise.reject(new Error('never called'));
  expect(await run({}, never, { logger })).toBe(BatchExitCode.configuration);
  const { env } = await batchOf([]);
  expect(await run(env, never, { logger, concurrency: 0, attempts: 1.5 })).toBe(78);
  const document = { version: 1, files: [{ key: 'a' }], filing: { by: 'none' }, resultKey: 'r' };
  const others = [
    [],
    { ...document, version: 2 },
    { ...document, files: [{ size: 1 }] },
    { ...document, files: [null] },
    { ...document, filing: undefined },
  ];
  for (const other of others) {
    await put('run/0/batches/other.json', JSON.stringify(other), RUNS);
    expect(await run({ ...env, FILEWORKS_BATCH_KEY: 'run/0/batches/other.json' }, never, { logger })).toBe(78);
  }
  expect(problems).toEqual([
    'expected `FILEWORKS_BATCH_BUCKET` to be the name of a bucket, but it is not set; ChunkedBatchWorkflow sets it for the tasks that it starts',
    'expected `FILEWORKS_BATCH_KEY` to be the key of a batch, but it is not set; ChunkedBatchWorkflow sets it for the tasks that it starts',
    'expected `concurrency` to be an integer from 1 to 1000, got: 0 (number)',
    'expected `attempts` to be an integer from 1 to 100, got: 1.5 (number)',
    ...others.map(
      () =>
        'expected s3://runs/run/0/batches/other.json to describe a batch, version 1, as ChunkedBatchWorkflow writes it',
    ),
  ]);
  expect(() => readBatchPointer({})).toThrow(ConfigurationError);
});

test('reports progress, including the files of earlier tasks', async () => {
  const { env } = await batchOf(['far/1', 'far/2']);
  const told: object[] = [];
  await run(
    env,
    ({ key }) => {
      if (key.endsWith('2')) {
        throw new PoisonMessage('bad');
      }
    },
    { concurrency: 1, onProgress: (progress) => told.push(progress) },
  );
  expect(told).toEqual([
    { total: 2, done: 1, failed: 0 },
    { total: 2, done: 2, failed: 1 },
  ]);
});

test('a function stops before its timeout, and the next call continues', async () => {
  const { key, document } = await batchOf(['function/1', 'function/2']);
  const handler = batchFunction(
    ({ key: file }, { signal }) =>
      file.endsWith('1')
        ? undefined
        : new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error));
          }),
    { client: s3.client, concurrency: 1, logger: silentLogger },
  );
  await expect(handler({ bucket: RUNS, key }, { getRemainingTimeInMillis: () => 15_300 })).rejects.toThrow('timeout');
  expect((await resultOf(document)).files).toHaveLength(1);
  const next = batchFunction(() => undefined, { client: s3.client, logger: silentLogger });
  expect(await next({ bucket: RUNS, key }, { getRemainingTimeInMillis: () => 900_000 })).toEqual({});
  expect(await resultOf(document)).toMatchObject({ complete: true });
});

describe('a job of a queue', () => {
  const sent: [string, object][] = [];
  const job = (payload: object, handler: BatchHandler, context: Partial<JobContext> = {}, fail?: string) => {
    const stepFunctions = {
      send: (command: never) => {
        sent.push([(command as object).constructor.name, (command as { input: object }).input]);
        return fail === undefined
          ? Promise.resolve({})
          : Promise.reject(Object.assign(new Error(fail), { name: fail }));
      },
    };
    const handle = batchJobHandler(handler, { client: s3.client, stepFunctions, attempts: 1 });
    return handle(
      { body: payload } as never,
      { signal: new AbortController().signal, log: silentLogger, isLastAttempt: false, ...context } as JobContext,
    );
  };
  beforeEach(() => void sent.splice(0));

  test('reports the end to Step Functions', async () => {
    const { key } = await batchOf(['job/1']);
    await job({ bucket: RUNS, key, taskToken: 't' }, () => undefined);
    expect(sent).toEqual([['SendTaskSuccessCommand', { taskToken: 't', output: '{}' }]]);
  });

  test('is done even if its execution has ended, and is redelivered when Step Functions is unavailable', async () => {
    const { key } = await batchOf(['job/2']);
    await job({ bucket: RUNS, key, taskToken: 't' }, () => undefined, {}, 'TaskTimedOut');
    await expect(job({ bucket: RUNS, key, taskToken: 't' }, () => undefined, {}, 'ServiceUnavailable')).rejects.toThrow(
      'ServiceUnavailable',
    );
  });

  test('reports a failure only on the last attempt', async () => {
    const payload = { bucket: RUNS, key: 'run/0/batches/none.json', taskToken: 't' };
    await expect(job(payload, () => undefined)).rejects.toThrow();
    expect(sent).toEqual([]);
    await expect(job(payload, () => undefined, { isLastAttempt: true })).rejects.toThrow();
    expect(sent).toMatchObject([['SendTaskFailureCommand', { taskToken: 't', error: 'NoSuchKey' }]]);
  });

  test('is poison when it names no batch', async () => {
    await expect(job({ bucket: RUNS }, () => undefined)).rejects.toThrow(
      'the message does not contain a batch; only BatchProcessor.worker() may send to this queue',
    );
  });
});

describe('moving an object', () => {
  test('copies what is too large for one request in parts, with what is said of it', async () => {
    const body = 'x'.repeat(6 * 1024 ** 2) + 'y'.repeat(5 * 1024 ** 2);
    await s3.client.send(
      new PutObjectCommand({
        Bucket: BUCKET,
        Key: 'large',
        Body: body,
        ContentType: 'text/csv',
        Metadata: { owner: 'me' },
      }),
    );
    expect(
      await moveObject(s3.client, {
        bucket: BUCKET,
        from: 'large',
        to: 'moved/large',
        maxCopyBytes: 1,
        partBytes: 6 * 1024 ** 2,
      }),
    ).toBe('moved');
    const moved = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'moved/large' }));
    expect([(await moved.Body!.transformToString()) === body, moved.ContentType, moved.Metadata]).toEqual([
      true,
      'text/csv',
      { owner: 'me' },
    ]);
    expect(await keys('large')).toEqual([]);
  });

  test('does nothing to what is gone or has changed', async () => {
    expect(await moveObject(s3.client, { bucket: BUCKET, from: 'none', to: 'x' })).toBe('gone');
    await put('changed', 'new');
    expect(await moveObject(s3.client, { bucket: BUCKET, from: 'changed', to: 'x', etag: '"old"' })).toBe('changed');
    expect(await keys('changed')).toEqual(['changed']);
  });
});
