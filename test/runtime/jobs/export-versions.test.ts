import type { SQSClient } from '@aws-sdk/client-sqs';
import type { ListedFile } from '../../../examples/worker/export-api/server.js';
import type { ExportJobEvent } from '../../../src/contract/export-contract.js';
import type { JobMessage } from '../../../src/contract/job-message.js';
import * as exportsNow from '../../../src/runtime/exports/index.js';
import * as jobsNow from '../../../src/runtime/jobs/export/index.js';
import type { Job, JobContext, JobHandler } from '../../../src/runtime/queue/index.js';
import { IdempotentUploader } from '../../../src/runtime/storage/index.js';
import { silentLogger } from '../../../src/runtime/support/logger.js';
import { S3Stub } from '../../support/s3-stub.js';
import { buildZip } from '../../support/zip-builder.js';
import { TestApi } from '../exports/api.js';
import { type JobTable, startJobTable } from '../exports/job-table.js';

jest.setTimeout(240_000);

/**
 * Both services of an export, by version: of this checkout, and as `node build-tools/pin-exports.ts <tag>` found them
 * in the last one. A deployment runs them
 * side by side for a while, on the same queues, table and bus.
 */
type Version = Pick<typeof exportsNow, 'ExportJobStore'> &
  Pick<typeof jobsNow, 'DownloadTaskHandler' | 'ExportJobHandler'>;
const versions = {
  this: { ...exportsNow, ...jobsNow },
  last: jest.requireActual<Version>('../../fixtures/exports/last-version.cjs'),
} as const;
type VersionName = keyof typeof versions;

let table: JobTable;
let test: TestApi;
let s3: S3Stub;
let jobId: string;
let files: number;
let jobs = 0;
let messages: JobMessage[];
let events: [string, ExportJobEvent][];

beforeAll(async () => {
  table = await startJobTable();
});

afterAll(() => table.stop());

beforeEach(async () => {
  jobId = `job-${(jobs += 1)}`;
  files = 70; // more than a block
  messages = [];
  events = [];
  test = await TestApi.start({ filesOf: () => files }, [buildZip([{ name: 'order.json', content: '{}' }]).bytes]);
  s3 = await S3Stub.start();
});

afterEach(async () => {
  await test.stop();
  await s3.stop();
});

const publish = (type: string, event: ExportJobEvent) => Promise.resolve(void events.push([type, event]));
const sqs = {
  send: ({ input }: { readonly input: { readonly Entries: { readonly MessageBody: string }[] } }) => {
    messages.push(...input.Entries.map(({ MessageBody }) => JSON.parse(MessageBody) as JobMessage));
    return Promise.resolve({});
  },
} as unknown as SQSClient;

const storeOf = (version: VersionName) =>
  new versions[version].ExportJobStore({ client: table.client, tableName: table.tableName });

function orchestrator(version: VersionName): JobHandler {
  class Exports extends versions[version].ExportJobHandler {
    protected override list(id: string) {
      return { address: `cursor/jobs/${encodeURIComponent(id)}/files`, pagination: exportsNow.cursorPages() };
    }

    protected override fileOf(item: unknown) {
      return item as ListedFile;
    }
  }
  return new Exports({
    api: test.client(),
    store: storeOf(version),
    sqs,
    downloadQueueUrl: 'https://sqs/downloads',
    publish,
  }).handle;
}

function worker(version: VersionName): JobHandler {
  const uploader = new IdempotentUploader({ client: s3.client() });
  return new versions[version].DownloadTaskHandler({
    api: test.client(),
    store: storeOf(version),
    uploader,
    bucket: 'out',
    publish,
  }).handle;
}

async function deliver(handle: JobHandler, body: unknown, context: Partial<JobContext> = {}): Promise<void> {
  const never = new AbortController().signal;
  await handle({ body } as Job, {
    signal: never,
    stopping: never,
    attempt: 1,
    isLastAttempt: false,
    correlationId: 'c',
    log: silentLogger,
    state: undefined,
    generation: 0,
    leaseEndsAt: new Date(Date.now() + 3_600_000),
    handOff: () => Promise.resolve(),
    ...context,
  });
}

/**
 * Eight at a time, to each worker in turn; one that finds another process publishing the end of the job is redelivered
 * later, as its message would.
 */
async function deliverAll(workers: readonly JobHandler[], all: readonly JobMessage[]): Promise<void> {
  const queue = all.map(({ payload }, i) => ({ payload, handle: workers[i % workers.length] }));
  const again: typeof queue = [];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        await deliver(next.handle, next.payload).catch((error: unknown) => {
          if ((error as { code?: unknown }).code !== 'ERR_RETRY_LATER') {
            throw error;
          }
          again.push(next);
        });
      }
    }),
  );
  for (const { handle, payload } of again) {
    await deliver(handle, payload);
  }
}

const request = () => ({ version: 1, jobIds: [jobId] });
const isEnd = ([type]: readonly [string, ExportJobEvent]) => type !== 'Export Job Progress';
const stored = () => [...s3.objects.keys()].filter((key) => key.startsWith('out/entries/')).length;

describe.each([
  ['this', 'last'],
  ['last', 'this'],
] as const)('the orchestrator of %s version and the worker of %s version', (of, other) => {
  it('do a job, whatever comes twice', async () => {
    await deliver(orchestrator(of), request());
    await deliverAll([worker(other)], [...messages, ...messages.slice(0, 10)]);
    expect(stored()).toBe(70);
    expect(await storeOf(of).job(jobId)).toMatchObject({
      status: 'completed',
      count: 70,
      done: 70,
      failed: 0,
      told: true,
    });
    expect(events.filter(isEnd)).toMatchObject([
      ['Export Job Completed', { version: 1, jobId, files: { known: 70, done: 70, failed: 0 } }],
    ]);
  });

  it('share a job in the middle of a deployment', async () => {
    // After its first page the orchestrator is stopped; the other one continues from its position, while both kinds of
    // workers are at it.
    await deliver(orchestrator(of), request(), { stopping: AbortSignal.abort() });
    expect(messages).toHaveLength(10);
    await deliver(orchestrator(other), request());
    expect(messages.map(({ payload }) => (payload as { number: number }).number)).toEqual(
      Array.from({ length: 70 }, (_, i) => i),
    );
    await deliverAll([worker(of), worker(other)], [...messages, ...messages.slice(0, 5)]);
    expect(stored()).toBe(70);
    expect(await storeOf(other).job(jobId)).toMatchObject({ status: 'completed', count: 70, done: 70 });
    expect(events.filter(isEnd)).toHaveLength(1);
  });

  it('put aside the same file for the same reason', async () => {
    await deliver(orchestrator(of), request());
    const [{ payload }] = messages;
    await expect(deliver(worker(other), payload, { isLastAttempt: true })).rejects.toMatchObject({
      code: 'ERR_POISON_MESSAGE',
    });
    const failures = [];
    for await (const failure of storeOf(of).failures(jobId)) {
      failures.push(failure);
    }
    expect(failures).toEqual([{ fileId: '0', failure: 'ERR_DOWNLOAD_ATTEMPTS' }]);
  });
});

it('says all that the last version said, in messages and in events', async () => {
  files = 3;
  const said: Record<VersionName, unknown[]> = { this: [], last: [] };
  for (const version of ['last', 'this'] as const) {
    messages = [];
    events = [];
    jobId = `${version}-said`;
    await deliver(orchestrator(version), request());
    for (const { payload } of messages) {
      await deliver(worker(version), payload);
    }
    // Ids differ, and so do the signatures of links.
    said[version] = JSON.parse(
      JSON.stringify([messages, events])
        .replaceAll(jobId, 'job')
        .replaceAll(/expires=\d+&signature=\w+/g, 'signed'),
    ) as unknown[];
  }
  expect(said.this).toMatchObject(said.last);
  expect(said.last[1]).toHaveLength(2);
});
