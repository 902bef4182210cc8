import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { Archives } from '../../../examples/worker/export-api/archives.js';
import { noFaults } from '../../../examples/worker/export-api/faults.js';
import { ExportApi, type ListedFile } from '../../../examples/worker/export-api/server.js';
import type { DownloadTask, ExportJobEvent } from '../../../src/contract/export-contract.js';
import { hasCode } from '../../../src/runtime/errors.js';
import { cursorPages, ExportApiClient } from '../../../src/runtime/exports/index.js';
import { DownloadTaskHandler, ExportJobHandler } from '../../../src/runtime/jobs/export/index.js';
import type { Job, JobContext, JobHandler } from '../../../src/runtime/queue/index.js';
import { IdempotentUploader } from '../../../src/runtime/storage/index.js';
import { silentLogger } from '../../../src/runtime/support/logger.js';
import { bundleProgram } from '../../support/bundle-program.js';
import { S3Stub } from '../../support/s3-stub.js';
import { buildZip } from '../../support/zip-builder.js';
import { type JobTable, startJobTable } from '../exports/job-table.js';
import type { Errand, Report } from './export-in-little.js';

/** `FILEWORKS_EXPORT_FILES=10000`: the job of the acceptance test; the gate has a smaller one. */
const FILES = Number(process.env.FILEWORKS_EXPORT_FILES ?? 140);
/**
 * `FILEWORKS_EXPORT_GB=22`: more than the 4 GB of memory and the 20 GB of disk of a worker on Fargate; the gate's
 * worker has less of both.
 */
const ARCHIVE_BYTES = Number(process.env.FILEWORKS_EXPORT_GB ?? 0.4) * 1e9;

jest.setTimeout(120_000);

const MB = 1024 ** 2;
const token = 'token';
const PAGE_SIZE = FILES > 1_000 ? 100 : 50;
const FILES_PER_BLOCK = 64;

let folder: string;
let table: JobTable;
let s3: S3Stub;
let api: ExportApi;
const apis: ExportApi[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'large-exports-'));
  table = await startJobTable();
});

beforeEach(async () => {
  s3 = await S3Stub.start();
});

afterEach(() => s3.stop());

afterAll(async () => {
  await Promise.all(apis.map((one) => one.close()));
  await table.stop();
  rmSync(folder, { recursive: true });
});

const serve = async (path: string, files: number) => {
  api = await ExportApi.listen({
    archives: await Archives.of([path]),
    filesOf: () => files,
    token,
    pageSize: PAGE_SIZE,
  });
  apis.push(api);
};

class Exports extends ExportJobHandler {
  protected override list(id: string) {
    return { address: `cursor/jobs/${id}/files`, pagination: cursorPages() };
  }

  protected override fileOf(item: unknown) {
    // With its checksum, a file is read from start to end
    return { ...(item as ListedFile), sha256: undefined };
  }
}

const never = new AbortController().signal;
const context = {
  signal: never,
  stopping: never,
  isLastAttempt: false,
  correlationId: 'c',
  log: silentLogger,
  state: undefined,
  leaseEndsAt: new Date(Date.now() + 86_400_000),
} as unknown as JobContext;
const deliver = (handler: { readonly handle: JobHandler }, body: unknown) =>
  handler.handle({ body, queueName: 'exports' } as Job, context);

test(
  `a job of ${FILES} files is completed and reported once, and the item of the job is written once for a page and once for ${FILES_PER_BLOCK} files`,
  async () => {
    const archive = join(folder, 'small.zip');
    writeFileSync(archive, buildZip([{ name: 'a.json', content: '{}' }]).bytes);
    await serve(archive, FILES);
    const client = new ExportApiClient({
      baseUrl: api.url,
      credentials: {
        headers: () => Promise.resolve({ authorization: `Bearer ${token}` }),
        renew: () => Promise.resolve(false),
      },
    });
    const tasks: DownloadTask[] = [];
    const events: [string, ExportJobEvent][] = [];
    const writes = { job: 0 };
    table.client.middlewareStack.add(
      (next) => (args) => {
        if (
          ('UpdateExpression' in args.input || 'TransactItems' in args.input) &&
          JSON.stringify(args.input).includes('"JOB#large"')
        ) {
          writes.job += 1;
        }
        return next(args);
      },
      { step: 'initialize', name: 'countsWrites' },
    );
    const sqs = {
      send: ({ input }: { readonly input: { readonly Entries: { readonly MessageBody: string }[] } }) => {
        tasks.push(
          ...input.Entries.map(({ MessageBody }) => (JSON.parse(MessageBody) as { payload: DownloadTask }).payload),
        );
        return Promise.resolve({});
      },
    } as unknown as SQSClient;
    const parts = {
      api: client,
      store: table.store,
      publish: (type: string, event: ExportJobEvent) => Promise.resolve(void events.push([type, event])),
    };
    await deliver(new Exports({ ...parts, sqs, downloadQueueUrl: 'https://sqs/downloads', timeSliceSeconds: 86_400 }), {
      version: 1,
      jobIds: ['large'],
    });
    expect(tasks.map(({ number }) => number)).toEqual(Array.from({ length: FILES }, (_, i) => i));
    expect(api.requests.get('/cursor/jobs/:job/files')).toBe(Math.ceil(FILES / PAGE_SIZE));

    const downloads = new DownloadTaskHandler({
      ...parts,
      uploader: new IdempotentUploader({ client: s3.client() }),
      bucket: 'out',
    });
    const begun = performance.now();
    for (const chunk of inChunks([...tasks].reverse(), 16)) {
      // A duplicate of one of them at the same time; one that finds the other publishing the end is redelivered
      const again = await Promise.all([...chunk, chunk[0]].map((task) => comesAgain(deliver(downloads, task))));
      if (again.includes(true)) {
        await deliver(downloads, chunk[0]);
      }
      s3.forget();
    }
    const seconds = (performance.now() - begun) / 1_000;
    table.client.middlewareStack.remove('countsWrites');
    process.stdout.write(
      `${JSON.stringify({ files: FILES, seconds, filesPerSecond: FILES / seconds, writesOfTheJob: writes.job })}\n`,
    );
    expect(await table.store.job('large')).toMatchObject({ status: 'completed', count: FILES, done: FILES, failed: 0 });
    expect(events.filter(([type]) => type !== 'Export Job Progress')).toMatchObject([
      ['Export Job Completed', { files: { known: FILES, done: FILES, failed: 0 } }],
    ]);
    expect([...s3.objects.keys()].filter((key) => key.startsWith('out/entries/'))).toHaveLength(FILES);
    // Of a page the count of files, in two transactions, and the place in the list; of a block its sums, also by a
    // duplicate; the end
    expect(writes.job).toBeLessThanOrEqual(
      3 * Math.ceil(FILES / PAGE_SIZE) + 2 * Math.ceil(FILES / FILES_PER_BLOCK) + 10,
    );
  },
  120_000 + FILES * 100,
);

/** Whether the queue would deliver the message once more. */
async function comesAgain(work: unknown): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (!hasCode(error, 'ERR_RETRY_LATER')) {
      throw error;
    }
    return true;
  }
}

function inChunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

describe(`a file of ${ARCHIVE_BYTES / 1e9} GB, for a worker with less memory, on whose disk no file may have more than 8 MB,`, () => {
  const small = { name: 'small.json', bytes: 1_000 };
  const large = { name: 'large.bin', bytes: 192 * MB };
  let archive: string;
  let program: string;
  let jobs = 0;

  beforeAll(async () => {
    archive = join(folder, 'large.zip');
    // Unselected zeros take no space on this disk either.
    execFileSync('python3', [
      '-c',
      `
import sys, zipfile
class Sparse:
    def __init__(self, file): self.file = file
    def __getattr__(self, name): return getattr(self.file, name)
    def write(self, data):
        if len(data) < 65536 or any(memoryview(data)[:65536]): return self.file.write(data)
        self.file.seek(len(data), 1)
        return len(data)
noise = bytes((i * 167 + (i >> 8) * 13 + 1) % 251 + 1 for i in range(1 << 20))
with zipfile.ZipFile(Sparse(open(sys.argv[1], 'wb')), 'w', zipfile.ZIP_STORED) as archive:
    archive.writestr('${small.name}', b'1' * ${small.bytes})
    with archive.open('unwanted.bin', 'w', force_zip64=True) as entry:
        for _ in range(int(sys.argv[2]) // (1 << 20)): entry.write(bytes(1 << 20))
    with archive.open('${large.name}', 'w') as entry:
        for _ in range(${large.bytes} >> 20): entry.write(noise)
`,
      archive,
      String(ARCHIVE_BYTES - large.bytes),
    ]);
    program = join(folder, 'export-in-little.cjs');
    const external = [
      '@zip.js/zip.js',
      'tar-stream',
      '@aws-sdk/client-secrets-manager',
      '@aws-sdk/client-application-auto-scaling',
    ];
    bundleProgram(join(__dirname, 'export-in-little.ts'), program, external);
    await serve(archive, 1);
  }, 900_000);

  /** What a worker says that a task of the file was given to; it leaves nothing on its disk. */
  async function work(wanted: readonly string[]): Promise<Report & { readonly jobId: string }> {
    const jobId = `file-${(jobs += 1)}`;
    const disk = join(folder, jobId);
    mkdirSync(disk);
    await table.store.begin(jobId, 'c');
    await table.store.register(jobId, ['0']);
    await table.store.close(jobId);
    const { id, url, size } = (await (
      await fetch(`${api.url}jobs/${jobId}/files/0`, { headers: { authorization: `Bearer ${token}` } })
    ).json()) as ListedFile;
    const task: DownloadTask = { version: 1, jobId, number: 0, file: { id, url, size } };
    const errand: Errand = {
      apiUrl: api.url,
      token,
      s3: s3.endpoint,
      dynamodb: table.endpoint,
      tableName: table.tableName,
      task,
      wanted,
    };
    const limited = [
      '-c',
      'ulimit -f 8192; exec "$0" --max-old-space-size=64 "$1" "$2"',
      process.execPath,
      program,
      JSON.stringify(errand),
    ];
    const { stdout } = await promisify(execFile)('bash', limited, {
      env: { ...process.env, TMPDIR: disk, NODE_PATH: join(__dirname, '../../../node_modules') },
    });
    expect(readdirSync(disk)).toEqual([]);
    return { ...(JSON.parse(stdout) as Report), jobId };
  }

  test.each([
    ['by ranges, where the server has them', {}, [small, large]],
    ['from front to back, where it has none and what is wanted has room', { noRanges: true }, [small]],
  ])(
    'is stored %s',
    async (_, faults, wanted) => {
      api.faults = { ...noFaults, ...faults };
      const begun = performance.now();
      const { code, peakBytes, jobId } = await work(wanted.map(({ name }) => name));
      const seconds = (performance.now() - begun) / 1_000;
      process.stdout.write(
        `${JSON.stringify({ gigabytes: statSync(archive).size / 1e9, faults, peakMB: peakBytes / MB, seconds })}\n`,
      );
      expect(code).toBeUndefined();
      expect(wanted.map(({ name }) => s3.objects.get(`out/entries/${jobId}/0/${name}`)?.body.length)).toEqual(
        wanted.map(({ bytes }) => bytes),
      );
      expect(await table.store.job(jobId)).toMatchObject({ status: 'completed', done: 1, failed: 0 });
      expect(peakBytes).toBeLessThan(300 * MB);
    },
    900_000,
  );

  test('is tried again when its wanted entries are too large for the disk: there may be room by then', async () => {
    api.faults = { ...noFaults, noRanges: true };
    const { code, jobId } = await work([large.name]);
    expect(code).toBe('EFBIG');
    expect(s3.objects.size).toBe(0);
    expect(await table.store.job(jobId)).toMatchObject({ status: 'dispatched', done: 0, failed: 0 });
  }, 900_000);
});
