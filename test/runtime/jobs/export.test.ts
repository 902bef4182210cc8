import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { ListedFile } from '../../../examples/worker/export-api/server.js';
import { type DownloadTask, EXPORT_EVENT_SOURCE, type ExportJobEvent } from '../../../src/contract/export-contract.js';
import type { MetadataLookup } from '../../../src/runtime/archive/index.js';
import { DependencyUnavailable } from '../../../src/runtime/errors.js';
import { cursorPages, type ExportApiClient } from '../../../src/runtime/exports/index.js';
import {
  DownloadTaskHandler,
  type DownloadTaskHandlerOptions,
  eventBridgeEvents,
  ExportJobHandler,
  type ExportJobHandlerOptions,
  ExportMetrics,
} from '../../../src/runtime/jobs/export/index.js';
import type { Job, JobContext, JobHandler } from '../../../src/runtime/queue/index.js';
import { IdempotentUploader } from '../../../src/runtime/storage/index.js';
import { faultOf } from '../../../src/runtime/support/faults.js';
import { silentLogger } from '../../../src/runtime/support/logger.js';
import { delivered, expectToFitItsSchema } from '../../support/event-schemas.js';
import { S3Stub } from '../../support/s3-stub.js';
import { buildZip } from '../../support/zip-builder.js';
import { TestApi } from '../exports/api.js';
import { type JobTable, startJobTable } from '../exports/job-table.js';

jest.setTimeout(60_000);

let table: JobTable;
let test: TestApi;
let s3: S3Stub;
let api: ExportApiClient;
let sent: DownloadTask[];
let events: [string, ExportJobEvent][];
let handedOff: unknown[];
/** Names of jobs are unique in the table; the API knows how many files they have. */
let jobId: string;
let files: number;
let jobs = 0;

beforeAll(async () => {
  table = await startJobTable();
});

afterAll(() => table.stop());

beforeEach(async () => {
  jobId = `job-${(jobs += 1)}`;
  files = 1;
  test = await TestApi.start({ filesOf: (id) => (id === jobId ? files : undefined) });
  s3 = await S3Stub.start();
  api = test.client({ maxAttempts: 2 });
  sent = [];
  events = [];
  handedOff = [];
});

afterEach(async () => {
  await test.stop();
  await s3.stop();
  for (const [type, event] of events) {
    expectToFitItsSchema(delivered(EXPORT_EVENT_SOURCE, type, event));
  }
});

const publish = (type: string, event: ExportJobEvent) => Promise.resolve(void events.push([type, event]));
/** Events of jobs that ended. */
const ends = () => events.filter(([type]) => type !== 'Export Job Progress');

class Exports extends ExportJobHandler {
  protected override list(id: string) {
    return { address: `cursor/jobs/${encodeURIComponent(id)}/files`, pagination: cursorPages() };
  }

  protected override fileOf(item: unknown) {
    // With its checksum, a file is read from start to end
    return { ...(item as ListedFile), sha256: undefined };
  }
}

class Downloads extends DownloadTaskHandler<object> {
  expectedNames: readonly string[] = [];
  renewed: string | undefined;

  protected override expected() {
    return Promise.resolve(this.expectedNames);
  }

  protected override renewUrl() {
    return Promise.resolve(this.renewed);
  }
}

const sqs = {
  send: ({ input }: { readonly input: { readonly Entries: { readonly MessageBody: string }[] } }) => {
    sent.push(
      ...input.Entries.map(({ MessageBody }) => (JSON.parse(MessageBody) as { payload: DownloadTask }).payload),
    );
    return Promise.resolve({});
  },
} as unknown as SQSClient;

const exportHandler = (options: Partial<ExportJobHandlerOptions> = {}) =>
  new Exports({
    api,
    store: table.store,
    sqs,
    downloadQueueUrl: 'https://sqs/downloads',
    publish,
    ...options,
  });

const downloadHandler = (options: Partial<DownloadTaskHandlerOptions<object>> = {}) =>
  new Downloads({
    api,
    store: table.store,
    uploader: new IdempotentUploader({ client: s3.client() }),
    bucket: 'out',
    publish,
    ...options,
  });

async function deliver(
  handler: { readonly handle: JobHandler },
  body: unknown,
  context: Partial<JobContext> = {},
): Promise<void> {
  const never = new AbortController().signal;
  await handler.handle({ body, queueName: 'exports' } as Job, {
    signal: never,
    stopping: never,
    attempt: 1,
    isLastAttempt: false,
    correlationId: 'c',
    log: silentLogger,
    state: undefined,
    generation: 0,
    leaseEndsAt: new Date(Date.now() + 3_600_000),
    handOff: (state) => Promise.resolve(void handedOff.push(state)),
    ...context,
  });
}

const request = (...jobIds: string[]) => ({ version: 1, jobIds });
const status = async () => (await table.store.job(jobId))?.status;
/** Keys of results, without manifests. */
const entries = () => [...s3.objects.keys()].filter((key) => key.startsWith('out/entries/'));

describe('a job', () => {
  it('is dispatched, completed and reported once, despite duplicates', async () => {
    files = 12;
    await deliver(exportHandler(), request(jobId));
    await deliver(exportHandler(), request(jobId));
    expect(sent.map(({ number }) => number)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    for (const task of [...sent, ...sent]) {
      await deliver(downloadHandler(), task);
    }
    expect(entries()).toHaveLength(24);
    const bytes = 12 * (300_000 + 15);
    expect(await table.store.job(jobId)).toMatchObject({ status: 'completed', done: 12, failed: 0, bytes });
    expect(events).toContainEqual([
      'Export Job Progress',
      { version: 1, jobId, correlationId: 'c', files: { known: 12, done: 0, failed: 0 }, bytes: 0 },
    ]);
    expect(ends()).toEqual([
      [
        'Export Job Completed',
        { version: 1, jobId, correlationId: 'c', files: { known: 12, done: 12, failed: 0 }, bytes },
      ],
    ]);
  });

  it('without files is completed by its dispatch', async () => {
    files = 0;
    await deliver(exportHandler(), request(jobId));
    expect(sent).toEqual([]);
    expect(ends()).toMatchObject([['Export Job Completed', { files: { known: 0 } }]]);
  });

  it('that does not exist fails, is reported, and does not block other jobs', async () => {
    await expect(deliver(exportHandler(), request(`none-${jobId}`, jobId))).rejects.toMatchObject({
      code: 'ERR_POISON_MESSAGE',
    });
    expect(ends()).toMatchObject([['Export Job Failed', { jobId: `none-${jobId}`, reason: 'ERR_EXPORT_NOT_FOUND' }]]);
    expect(sent).toHaveLength(1);
  });

  it('continues where its last attempt ended, when a page repeats', async () => {
    files = 25;
    test.faults = { repeatedPages: 1 };
    await expect(deliver(exportHandler(), request(jobId))).rejects.toMatchObject({ code: 'ERR_EXPORT_PAGES_REPEAT' });
    await deliver(exportHandler(), request(jobId));
    expect(sent.map(({ file }) => file.id)).toEqual(Array.from({ length: 25 }, (_, i) => String(i)));
  });

  it('is read again when its cursor expires, and numbers every file as before', async () => {
    files = 25;
    await deliver(exportHandler({ timeSliceSeconds: 0 }), request(jobId));
    test.faults = { expiredCursors: 1 };
    await deliver(exportHandler(), request(jobId));
    expect(new Set(sent.map(({ number, file }) => `${number} ${file.id}`)).size).toBe(25);
    expect(await table.store.job(jobId)).toMatchObject({ status: 'dispatched', count: 25 });
  });

  it('waits for an API that is down, and fails with the last delivery', async () => {
    test.faults = { outage: true };
    await expect(deliver(exportHandler(), request(jobId))).rejects.toMatchObject({ code: 'ERR_EXPORT_UNAVAILABLE' });
    const asked = test.requests('/cursor/jobs/:job/files');
    expect(asked).toBe(2);
    await expect(deliver(exportHandler(), request(jobId), { isLastAttempt: true })).rejects.toMatchObject({
      code: 'ERR_POISON_MESSAGE',
    });
    expect(test.requests('/cursor/jobs/:job/files')).toBe(asked);
    expect(ends()).toMatchObject([['Export Job Failed', { reason: 'ERR_EXPORT_ATTEMPTS' }]]);
  });

  it('says how long the API asked to wait, if that is longer than a request may wait', async () => {
    test.faults = { tooMany: 1, retryAfter: '121' };
    const error: unknown = await deliver(exportHandler(), request(jobId)).catch((caught: unknown) => caught);
    expect(faultOf(error)).toEqual({
      kind: 'world',
      dependency: new URL(test.api.url).host,
      retryAfterSeconds: 121,
    });
  });

  it('with too many files, or with items that are no files, fails', async () => {
    files = 12;
    await expect(deliver(exportHandler({ maxFiles: 11 }), request(jobId))).rejects.toMatchObject({
      code: 'ERR_POISON_MESSAGE',
    });
    expect(await table.store.job(jobId)).toMatchObject({ status: 'failed', reason: 'ERR_EXPORT_TOO_MANY_FILES' });
    await table.store.reopen(jobId);
    const handler = exportHandler();
    jest.spyOn(handler as unknown as { fileOf: () => unknown }, 'fileOf').mockReturnValue({ id: 1 });
    await expect(deliver(handler, request(jobId))).rejects.toMatchObject({ code: 'ERR_POISON_MESSAGE' });
    expect(await table.store.job(jobId)).toMatchObject({ reason: 'ERR_EXPORT_PAGE' });
  });

  it('continues as a new message when its worker stops, after the current page', async () => {
    files = 25;
    await deliver(exportHandler(), request(jobId), { stopping: AbortSignal.abort() });
    expect(handedOff).toEqual([0]);
    expect(sent).toHaveLength(10);
    await deliver(exportHandler(), request(jobId));
    expect(sent).toHaveLength(25);
  });

  it('gives way after a page or a job when the turn of its message is over, and each turn gets on', async () => {
    files = 25;
    const ids = [jobId, `${jobId}-small`, `${jobId}-smaller`];
    await test.stop();
    test = await TestApi.start({ filesOf: (id) => (id === jobId ? 25 : 1) });
    api = test.client();
    for (let turn = 0, state: unknown; turn === 0 || state !== undefined; turn += 1) {
      handedOff = [];
      await deliver(exportHandler({ timeSliceSeconds: 0 }), request(...ids), { state: state ?? null });
      [state] = handedOff;
      expect(sent).toHaveLength([10, 20, 25, 26, 27][turn]);
    }
    expect(sent.map(({ jobId: of, number }) => `${of} ${number}`)).toEqual([
      ...Array.from({ length: 25 }, (_, i) => `${jobId} ${i}`),
      `${ids[1]} 0`,
      `${ids[2]} 0`,
    ]);
  });

  it('that failed is retried when the time slice of its message ends, and the failure is reported at the end', async () => {
    files = 25;
    const message = request(`none-${jobId}`, jobId);
    await deliver(exportHandler({ timeSliceSeconds: 0 }), message);
    expect(handedOff).toEqual([0]);
    await expect(deliver(exportHandler(), message, { state: 0 })).rejects.toMatchObject({ code: 'ERR_POISON_MESSAGE' });
    expect(sent).toHaveLength(25);
  });
});

describe('a file', () => {
  beforeEach(() => deliver(exportHandler(), request(jobId)));

  /** Delivers the task of the only file; what ends it. */
  const fails = async (handler = downloadHandler(), context: Partial<JobContext> = {}): Promise<unknown> => {
    await expect(deliver(handler, sent[0], context)).rejects.toMatchObject({ code: 'ERR_POISON_MESSAGE' });
    expect(ends()).toMatchObject([['Export Job Completed', { files: { known: 1, done: 0, failed: 1 } }]]);
    const failures = [];
    for await (const { failure } of table.store.failures(jobId)) {
      failures.push(failure);
    }
    return failures[0];
  };

  it.each([[{}], [{ resetAfterBytes: 50_000 }], [{ noRanges: true }]])(
    'is stored when the server is %j',
    async (faults) => {
      test.faults = faults;
      await deliver(downloadHandler(), sent[0]);
      const stored = s3.objects.get(`out/entries/${jobId}/0/wanted.json`)?.body.toString();
      expect(stored).toBe('{"wanted":true}');
      expect(entries()).toHaveLength(2);
      expect(JSON.parse(s3.objects.get(`out/manifests/${jobId}/0.json`)?.body.toString() ?? '')).toMatchObject({
        version: 1,
        archive: { entries: 2 },
      });
      expect(await status()).toBe('completed');
    },
  );

  it.each([[{}], [{ noRanges: true }]])(
    'has its entries without metadata skipped, with a reason, when the server is %j',
    async (faults) => {
      test.faults = faults;
      const metadata: MetadataLookup<object> = {
        find: (names) =>
          Promise.resolve(new Map(names.filter((name) => name === 'wanted.json').map((name) => [name, {}]))),
      };
      await deliver(downloadHandler({ metadata }), sent[0]);
      expect(entries()).toEqual([`out/entries/${jobId}/0/wanted.json`]);
      expect(JSON.parse(s3.objects.get(`out/manifests/${jobId}/0.json`)?.body.toString() ?? '')).toMatchObject({
        skipped: [{ name: 'large.bin', reason: 'no metadata' }],
      });
    },
  );

  it.each([[{}], [{ noRanges: true }]])(
    'fails before anything is stored when an expected entry is missing and the server is %j',
    async (faults) => {
      test.faults = faults;
      const handler = downloadHandler();
      handler.expectedNames = ['wanted.json', 'missing.json'];
      expect(await fails(handler)).toBe('ERR_DOWNLOAD_ENTRIES_MISSING');
      expect(s3.objects.size).toBe(0);
    },
  );

  it.each([
    ['ERR_DOWNLOAD_SIZE', { truncatedBytes: 0 }, { size: 7 }],
    ['ERR_ZIP_NOT_ZIP', { truncatedBytes: 30 }, { size: undefined }],
    ['ERR_ZIP_CRC', { noRanges: true, corrupt: true }, {}],
    ['ERR_EXPORT_CONTENT', { noRanges: true }, { sha256: '0'.repeat(64) }],
    ['ERR_EXPORT_CONTENT', {}, { sha256: '0'.repeat(64) }],
    ['ERR_EXPORT_GONE', { expiredLinks: 9 }, {}],
    ['ERR_EXPORT_URL', {}, { url: 'http://169.254.170.2/v2/credentials' }],
  ])('fails with %s when the server is %j and the task %j', async (code, faults, change) => {
    sent = [{ ...sent[0], file: { ...sent[0].file, ...change } }];
    test.faults = faults;
    expect(await fails()).toBe(code);
    expect(entries()).toEqual([]);
  });

  it('with a byte that is another one fails by its checksum, also by ranges', async () => {
    test.faults = { corrupt: true };
    expect(await fails()).toMatch(/^ERR_ZIP_/);
    expect(entries().filter((key) => key.endsWith('large.bin'))).toEqual([]);
  });

  it('fails when its wanted entries do not fit on the disk of a worker that must keep them', async () => {
    test.faults = { noRanges: true };
    expect(await fails(downloadHandler({ maxDiskBytes: 1_000 }))).toBe('ERR_DOWNLOAD_TOO_LARGE');
  });

  it.each([[{}], [{ noRanges: true }]])('that is a bomb fails when the server is %j', async (faults) => {
    await test.stop();
    test = await TestApi.start({ filesOf: () => 1 }, [
      buildZip([{ name: 'bomb', content: Buffer.alloc(3_000_000) }]).bytes,
    ]);
    api = test.client({ maxAttempts: 2 });
    sent = [{ ...sent[0], file: await test.file(api, jobId) }];
    test.faults = faults;
    expect(await fails()).toBe('ERR_ZIP_RATIO');
    expect(entries()).toEqual([]);
  });

  it('whose link expired is stored with a new one', async () => {
    const handler = downloadHandler();
    handler.renewed = (await test.file(api, jobId)).url;
    test.faults = { expiredLinks: 1 };
    await deliver(handler, sent[0]);
    expect(await status()).toBe('completed');
  });

  it('is stored when the server refuses an address in the middle, and a new one is accepted', async () => {
    let requests = 0;
    const refused = new Set([1, 3]);
    const client = test.client({
      fetch: (...request) =>
        refused.has((requests += 1)) ? Promise.resolve(new Response('', { status: 400 })) : fetch(...request),
    });
    const handler = downloadHandler({ api: client });
    handler.renewed = sent[0].file.url;
    await deliver(handler, sent[0]);
    expect(await status()).toBe('completed');
  });

  it('fails when a new address is refused at once', async () => {
    test.faults = { answer: { status: 400 } };
    const handler = downloadHandler();
    handler.renewed = sent[0].file.url;
    expect(await fails(handler)).toBe('ERR_EXPORT_REFUSED');
    expect(test.requests('/download/:job/:file')).toBe(2);
  });

  it('is tried again when the server has a page to sign in, or denies everybody', async () => {
    for (const answer of [{ status: 200, type: 'text/html', body: '<html>' }, { status: 403 }, { status: 401 }]) {
      test.faults = { answer };
      const error: unknown = await deliver(downloadHandler(), sent[0]).catch((caught: unknown) => caught);
      expect(faultOf(error)).toEqual({ kind: 'world', dependency: new URL(test.api.url).host });
    }
    test.faults = {};
    await deliver(downloadHandler(), sent[0]);
    expect(await status()).toBe('completed');
  });

  it('waits for a server that is down or a bucket that refuses, and fails with the last delivery, without another request', async () => {
    test.faults = { outage: true };
    await expect(deliver(downloadHandler(), sent[0])).rejects.toMatchObject({ code: 'ERR_EXPORT_UNAVAILABLE' });
    test.faults = {};
    s3.fault = ({ action }) => (action === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined);
    await expect(deliver(downloadHandler(), sent[0])).rejects.toMatchObject({ code: 'ERR_STORAGE_FAILED' });
    const asked = test.requests('/download/:job/:file');
    expect(await fails(downloadHandler(), { isLastAttempt: true })).toBe('ERR_DOWNLOAD_ATTEMPTS');
    expect(test.requests('/download/:job/:file')).toBe(asked);
  });

  it('that has failed is attempted again when its message is redriven, and its job is reported again', async () => {
    s3.fault = ({ action }) => (action === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined);
    expect(await fails(downloadHandler(), { isLastAttempt: true })).toBe('ERR_DOWNLOAD_ATTEMPTS');
    await expect(deliver(downloadHandler(), sent[0])).rejects.toMatchObject({ code: 'ERR_STORAGE_FAILED' });
    await expect(deliver(downloadHandler(), sent[0], { isLastAttempt: true })).rejects.toThrow('file failed');
    s3.fault = () => undefined;
    await deliver(downloadHandler(), sent[0]);
    await deliver(downloadHandler(), sent[0]);
    expect(ends().map(([type, { files: counts }]) => [type, counts])).toEqual([
      ['Export Job Completed', { known: 1, done: 0, failed: 1 }],
      ['Export Job Completed', { known: 1, done: 1, failed: 0 }],
    ]);
    expect(entries().length).toBeGreaterThan(0);
  });

  it('that is done is not asked for again', async () => {
    await deliver(downloadHandler(), sent[0]);
    const asked = test.requests('/download/:job/:file');
    await deliver(downloadHandler(), sent[0]);
    expect(test.requests('/download/:job/:file')).toBe(asked);
    expect(ends()).toHaveLength(1);
  });

  it('has its job reported by the next delivery, when the process stopped before it', async () => {
    let dies = true;
    const dying = (type: string, event: ExportJobEvent) =>
      dies ? Promise.reject(new Error('killed')) : publish(type, event);
    await expect(deliver(downloadHandler({ publish: dying }), sent[0])).rejects.toThrow('killed');
    await expect(deliver(downloadHandler({ publish: dying }), sent[0])).rejects.toMatchObject({
      code: 'ERR_RETRY_LATER',
      seconds: 60,
    });
    dies = false;
    const claim = table.store.claimEndEvent.bind(table.store);
    const spy = jest
      .spyOn(table.store, 'claimEndEvent')
      .mockImplementation((id) => claim(id, new Date(Date.now() + 61_000)));
    await deliver(downloadHandler({ publish: dying }), sent[0]);
    spy.mockRestore();
    expect(ends()).toHaveLength(1);
  });

  it('has its job reported once, also if the table does not take that it was', async () => {
    const mark = jest
      .spyOn(table.store, 'markEndEventSent')
      .mockRejectedValueOnce(new DependencyUnavailable('DynamoDB'));
    await expect(deliver(downloadHandler(), sent[0])).rejects.toMatchObject({ code: 'ERR_DEPENDENCY_UNAVAILABLE' });
    const claim = table.store.claimEndEvent.bind(table.store);
    const later = jest
      .spyOn(table.store, 'claimEndEvent')
      .mockImplementation((id) => claim(id, new Date(Date.now() + 61_000)));
    await deliver(downloadHandler(), sent[0]);
    expect(mark).toHaveBeenCalledTimes(2);
    mark.mockRestore();
    later.mockRestore();
    expect(ends()).toHaveLength(1);
    expect(await table.store.job(jobId)).toMatchObject({ told: true });
  });

  it('has its job reported as soon as the bus takes the event', async () => {
    let isAway = true;
    const away = (type: string, event: ExportJobEvent) =>
      isAway ? Promise.reject(new DependencyUnavailable('EventBridge')) : publish(type, event);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(deliver(downloadHandler({ publish: away }), sent[0])).rejects.toMatchObject({
        code: 'ERR_DEPENDENCY_UNAVAILABLE',
      });
    }
    isAway = false;
    await deliver(downloadHandler({ publish: away }), sent[0]);
    expect(ends()).toHaveLength(1);
  });
});

describe('measurements', () => {
  let lines: Record<string, unknown>[];
  let metrics: ExportMetrics;

  beforeEach(() => {
    lines = [];
    metrics = new ExportMetrics('Pipeline/Exports', {
      write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    });
  });

  /** What was measured so far, in one line. */
  const measured = () => {
    metrics.flush();
    return lines.splice(0)[0];
  };

  it('are those of the dispatch, by the queue that a job comes from', async () => {
    files = 12;
    const queues: string[] = [];
    const downloadQueueUrl = (name: string) => {
      queues.push(name);
      return 'https://sqs/downloads';
    };
    api = test.client({ onAnswer: metrics.onAnswer });
    const handler = new Exports({ api, store: table.store, sqs, downloadQueueUrl, publish, metrics });
    await deliver(handler, request(jobId));
    await expect(deliver(handler, request(`none-${jobId}`))).rejects.toMatchObject({ code: 'ERR_POISON_MESSAGE' });
    expect(queues).toEqual(['exports', 'exports']);
    const line = measured();
    expect(line).toMatchObject({ ExportService: 'Pipeline/Exports', MessagesProcessed: 2, TasksDispatched: 12 });
    expect(line.ApiLatency).toHaveLength(3);
  });

  it.each([[{}], [{ noRanges: true }]])('are those of a file, when the server is %j', async (faults) => {
    await deliver(exportHandler(), request(jobId));
    test.faults = faults;
    s3.fault = ({ action }) => (action === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined);
    await expect(deliver(downloadHandler({ metrics }), sent[0])).rejects.toMatchObject({ code: 'ERR_STORAGE_FAILED' });
    expect(measured()).toMatchObject({ UploadSuccessRate: 0 });
    s3.fault = () => undefined;
    await deliver(downloadHandler({ metrics }), sent[0]);
    const { UploadSuccessRate: rate, DownloadDuration: download, ExtractionTime: extraction } = measured();
    expect(rate).toBe(100);
    expect(download).toBeGreaterThan(0);
    expect(extraction).toBeGreaterThan(0);
  });
});

describe('messages', () => {
  it.each([
    [undefined],
    [{ version: 1 }],
    [{ version: 1, jobIds: [] }],
    [{ version: 1, jobIds: [''] }],
    [{ version: 1, jobIds: ['a\nb'] }],
    // Encoded for a key they have 1,800 bytes, and S3 allows 1,024
    [{ version: 1, jobIds: ['語'.repeat(200)] }],
    [{ version: 0, jobIds: ['a'] }],
  ])('%j is no export job', async (body) => {
    await expect(deliver(exportHandler(), body)).rejects.toMatchObject({ code: 'ERR_POISON_MESSAGE' });
  });

  it.each([
    [{}],
    [{ jobId: '' }],
    [{ number: -1 }],
    [{ file: undefined }],
    [{ file: { id: 'f' } }],
    [{ file: { id: 'f', url: 'x', size: -1 } }],
    [{ file: { id: 'f', url: 'x', sha256: 'zz' } }],
    [{ file: { id: 'f', url: 'x', sha256: ['0'.repeat(64)] } }],
  ])('%j is no download task', async (change) => {
    const body =
      Object.keys(change).length === 0
        ? change
        : { version: 1, jobId: 'j', number: 0, file: { id: 'f', url: 'x' }, ...change };
    await expect(deliver(downloadHandler(), body)).rejects.toMatchObject({ code: 'ERR_POISON_MESSAGE' });
  });

  it('of a newer version wait for a newer worker', async () => {
    await expect(deliver(exportHandler(), { version: 2, jobIds: [jobId] })).rejects.toMatchObject({
      code: 'ERR_RETRY_LATER',
      seconds: 60,
    });
    await expect(deliver(downloadHandler(), { version: 2 })).rejects.toMatchObject({ code: 'ERR_RETRY_LATER' });
  });

  it('may have properties that this version does not know', async () => {
    await deliver(exportHandler(), { ...request(jobId), priority: 'high' });
    await deliver(downloadHandler(), { ...sent[0], priority: 'high' });
    expect(await status()).toBe('completed');
  });

  it('that SQS does not take at first are sent again', async () => {
    files = 3;
    const send = jest
      .spyOn(sqs, 'send')
      .mockImplementationOnce(() => Promise.resolve({ Failed: [{ Id: '1', Code: 'Throttled' }] }) as never);
    await deliver(exportHandler(), request(jobId));
    expect(send.mock.calls).toHaveLength(2);
    expect(sent.map(({ number }) => number)).toEqual([1]);
    send.mockRestore();
  });

  it('that SQS throttles again and again make the job wait, after a few attempts', async () => {
    const send = jest
      .spyOn(sqs, 'send')
      .mockImplementation(() => Promise.resolve({ Failed: [{ Id: '0', Code: 'Throttled' }] }) as never);
    const error: unknown = await deliver(exportHandler(), request(jobId)).catch((caught: unknown) => caught);
    expect(faultOf(error)).toEqual({ kind: 'world', dependency: 'SQS' });
    expect(send.mock.calls).toHaveLength(5);
    send.mockRestore();
  });
});

describe('events on EventBridge', () => {
  const event: ExportJobEvent = {
    version: 1,
    jobId: 'j',
    correlationId: 'c',
    files: { known: 1, done: 1, failed: 0 },
    bytes: 5,
  };

  it('carry the event, and fail when the bus does not take it', async () => {
    const client = new EventBridgeClient({ region: 'local' });
    const send = jest
      .spyOn(client, 'send')
      .mockImplementation(() => Promise.resolve({ Entries: [{ EventId: '1' }] }) as never);
    const put = eventBridgeEvents({ client, eventBusName: 'bus' });
    await put('Export Job Completed', event);
    expect(send.mock.calls[0]?.[0].input).toEqual({
      Entries: [
        {
          Source: 'fileworks.exports',
          DetailType: 'Export Job Completed',
          Detail: JSON.stringify(event),
          EventBusName: 'bus',
        },
      ],
    });
    await eventBridgeEvents({ client, eventBusName: 'bus', service: 'Stack/Exports' })('Export Job Completed', event);
    const {
      Entries: [entry],
    } = send.mock.calls[1][0].input as { Entries: { Detail: string }[] };
    expect(JSON.parse(entry.Detail)).toEqual({ ...event, service: 'Stack/Exports' });
    expectToFitItsSchema(delivered(EXPORT_EVENT_SOURCE, 'Export Job Completed', JSON.parse(entry.Detail)));
    send.mockImplementation(
      () => Promise.resolve({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] }) as never,
    );
    await expect(put('Export Job Completed', event)).rejects.toMatchObject({
      code: 'ERR_DEPENDENCY_UNAVAILABLE',
      message: expect.stringContaining('ThrottlingException') as string,
    });
  });
});
