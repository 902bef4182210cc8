import type { SQSClient } from '@aws-sdk/client-sqs';
import type { ListedFile } from '../../../examples/worker/export-api/server.js';
import type { DownloadTask } from '../../../src/contract/export-contract.js';
import { cursorPages } from '../../../src/runtime/exports/index.js';
import { DownloadTaskHandler, ExportJobHandler } from '../../../src/runtime/jobs/export/index.js';
import { type Job, type JobContext, QueuePoller } from '../../../src/runtime/queue/index.js';
import { IdempotentUploader } from '../../../src/runtime/storage/index.js';
import { InMemoryQueues } from '../../../src/runtime/testing/index.js';
import { badArchives, fileNameOf } from '../../support/bad-archives.js';
import { S3Stub } from '../../support/s3-stub.js';
import { buildZip } from '../../support/zip-builder.js';
import { TestApi } from '../exports/api.js';
import { type JobTable, startJobTable } from '../exports/job-table.js';

jest.setTimeout(300_000);

const GOOD = buildZip([{ name: 'wanted.json', content: '{"wanted":true}' }]).bytes;
const GOOD_FILES = 99;
const JOB = 'job';

interface Bad {
  /** Of the file on the server. */
  readonly bytes?: Buffer;
  /** What the API says of the file. */
  readonly listed?: Partial<ListedFile>;
}

/** Each code once, without those that need limits, or that not every reader of entries detects. */
const archives = new Map(
  badArchives()
    .filter(({ limits, opened, streamed }) => limits === undefined && opened === undefined && streamed === undefined)
    // Content of a directory is not read
    .filter(({ variant }) => variant !== 'directory with content')
    .map((archive) => [archive.code, archive]),
);

/** Ways of a file to be bad, and the error that is kept for it. */
const WAYS: readonly (readonly [string, Bad, string | RegExp])[] = [
  ...[...archives.values()].map((archive): [string, Bad, string] => [
    `is ${fileNameOf(archive)}`,
    { bytes: archive.bytes },
    archive.code,
  ]),
  ['is empty', { bytes: Buffer.alloc(0) }, /^ERR_/],
  ['has another size', { listed: { size: 7 } }, 'ERR_DOWNLOAD_SIZE'],
  ['has another checksum', { listed: { sha256: '0'.repeat(64) } }, 'ERR_EXPORT_CONTENT'],
  [
    'is at an address that is not allowed',
    { listed: { url: 'http://169.254.170.2/v2/credentials' } },
    'ERR_EXPORT_URL',
  ],
  ['has an address that is none', { listed: { url: 'file:///etc/passwd' } }, 'ERR_EXPORT_URL'],
];

const COUNT = GOOD_FILES + WAYS.length;
/** Bad files are among the good ones. */
const numberOf = (way: number) => 3 * way + 1;
const wayOf = new Map(WAYS.map(([, bad], way) => [numberOf(way), bad]));

let table: JobTable;
let s3: S3Stub;
let api: TestApi;
/** By number of the file. */
const failures = new Map<number, string>();
const deadLetters: number[] = [];

beforeAll(async () => {
  const files = Array.from({ length: COUNT }, (_, number) => wayOf.get(number)?.bytes ?? GOOD);
  [table, s3, api] = await Promise.all([
    startJobTable(),
    S3Stub.start(),
    TestApi.start({ filesOf: () => COUNT }, files),
  ]);
  await work();
  for await (const { fileId, failure } of table.store.failures(JOB)) {
    failures.set(Number(fileId), failure);
  }
});
afterAll(() => Promise.all([table.stop(), s3.stop(), api.stop()]));

/** Runs the job by a worker of both queues. */
async function work(): Promise<void> {
  const queues = new InMemoryQueues();
  const [deadLetterQueue, exportQueue, downloadQueue] = ['dead', 'exports', 'downloads'].map((name) =>
    queues.create(name),
  );
  let completed!: () => void;
  const ended = new Promise<void>((resolve) => {
    completed = resolve;
  });
  const shared = {
    api: api.client({ maxAttempts: 2 }),
    store: table.store,
    publish: (type: string) => {
      if (type === 'Export Job Completed') {
        completed();
      }
      return Promise.resolve();
    },
  };
  const sqs = {
    send: ({ input }: { readonly input: { readonly Entries: { readonly MessageBody: string }[] } }) => {
      input.Entries.forEach(({ MessageBody }) => downloadQueue.send(MessageBody));
      return Promise.resolve({});
    },
  } as unknown as SQSClient;
  const exporter = new Exports({ ...shared, sqs, downloadQueueUrl: downloadQueue.url });
  const uploader = new IdempotentUploader({ client: s3.client() });
  const downloader = new DownloadTaskHandler({ ...shared, uploader, bucket: 'out', prefix: '' });
  const poller = new QueuePoller({
    queues: [
      { url: exportQueue.url, handler: (job: Job, context: JobContext) => exporter.handle(job, context) },
      { url: downloadQueue.url, handler: (job: Job, context: JobContext) => downloader.handle(job, context) },
    ].map((queue) => ({ ...queue, deadLetterQueueUrl: deadLetterQueue.url, maxReceiveCount: 3 })),
    transport: queues,
    concurrency: 20,
    retry: () => 0,
    ack: { lingerMs: 0 },
  });
  exportQueue.send({ fileworksJob: 1, type: 'ExportJob', payload: { version: 1, jobIds: [JOB] } });
  await poller.start();
  await ended;
  await poller.stop();
  deadLetters.push(
    ...deadLetterQueue.messages.map(({ body }) => (JSON.parse(body) as { payload: DownloadTask }).payload.number),
  );
}

class Exports extends ExportJobHandler {
  protected override list(id: string) {
    return { address: `cursor/jobs/${encodeURIComponent(id)}/files`, pagination: cursorPages() };
  }

  protected override fileOf(item: unknown) {
    const file = item as ListedFile;
    return { ...file, sha256: undefined, ...wayOf.get(Number(file.id))?.listed };
  }
}

test.each(WAYS.map(([what, , code], way) => [what, numberOf(way), code] as const))(
  'a file that %s fails alone, with its reason',
  (_, number, code) => {
    expect(failures.get(number)).toEqual(typeof code === 'string' ? code : expect.stringMatching(code));
    expect([...s3.objects.keys()].filter((key) => key.startsWith(`out/entries/${JOB}/${number}/`))).toEqual([]);
    expect(deadLetters.filter((one) => one === number)).toHaveLength(1);
  },
);

test('the 99 good files beside them are stored, and the job is completed', async () => {
  expect(await table.store.job(JOB)).toMatchObject({
    status: 'completed',
    count: COUNT,
    done: GOOD_FILES,
    failed: WAYS.length,
  });
  expect(new Set([...s3.objects.keys()].filter((key) => key.startsWith(`out/entries/${JOB}/`))).size).toBe(GOOD_FILES);
  expect(failures.size).toBe(WAYS.length);
});
