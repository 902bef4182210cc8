import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListedFile } from '../../../examples/worker/export-api/server.js';
import {
  cursorPages,
  type ExportApiClient,
  ExportApiError,
  linkPages,
  offsetPages,
  type PagesOptions,
  type RateLimit,
} from '../../../src/runtime/exports/index.js';
import { until } from '../support/until.js';
import { TestApi } from './api.js';

let test: TestApi;

beforeEach(async () => {
  test = await TestApi.start();
});

afterEach(() => test.stop());

interface List {
  readonly ids: string[];
  readonly places: (string | undefined)[];
}

async function idsOf(client: ExportApiClient, list: string, options: PagesOptions): Promise<List> {
  const ids: string[] = [];
  const places: (string | undefined)[] = [];
  for await (const { items, next } of client.pages(list, options)) {
    ids.push(...(items as ListedFile[]).map(({ id }) => id));
    places.push(next);
  }
  return { ids, places };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));

describe.each([
  ['cursor', cursorPages()],
  ['offset', offsetPages()],
  ['link', linkPages()],
])('%s pages', (kind, pagination) => {
  it('come in order, each once', async () => {
    const { ids } = await idsOf(test.client(), `${kind}/jobs/25/files`, { pagination });
    expect(ids).toEqual(numbers(0, 25));
  });

  it('continue after the saved page', async () => {
    const { places } = await idsOf(test.client(), `${kind}/jobs/25/files`, { pagination });
    const { ids } = await idsOf(test.client(), `${kind}/jobs/25/files`, { pagination, from: places[0]! });
    expect(ids).toEqual(numbers(10, 25));
  });

  it('of an empty list are one page without items', async () => {
    expect(await idsOf(test.client(), `${kind}/jobs/0/files`, { pagination })).toEqual({
      ids: [],
      places: [undefined],
    });
  });

  it('fail before a repeated page is returned, and continue at their position', async () => {
    test.faults = { repeatedPages: 1 };
    const ids: string[] = [];
    let from: string | undefined;
    const read = async () => {
      for await (const page of test
        .client()
        .pages(`${kind}/jobs/25/files`, { pagination, ...(from !== undefined && { from }) })) {
        ids.push(...(page.items as ListedFile[]).map(({ id }) => id));
        from = page.next;
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'ERR_EXPORT_PAGES_REPEAT' });
    expect(ids).toEqual(numbers(0, 10));
    await read();
    expect(ids).toEqual(numbers(0, 25));
  });
});

it('fails with more pages than a list may have', async () => {
  await expect(
    idsOf(test.client({ maxPages: 2 }), 'cursor/jobs/25/files', { pagination: cursorPages() }),
  ).rejects.toMatchObject({ code: 'ERR_EXPORT_PAGES_REPEAT' });
});

it('asks for a page only when the one before it is done with', async () => {
  for await (const { items } of test.client().pages('cursor/jobs/25/files', { pagination: cursorPages() })) {
    expect(items).toHaveLength(10);
    break;
  }
  expect(test.requests('/cursor/jobs/:job/files')).toBe(1);
});

it.each([
  ['a job that does not exist', 'cursor/jobs/none/files', 'ERR_EXPORT_NOT_FOUND', {}],
  ['a cursor that expired', 'cursor/jobs/25/files', 'ERR_EXPORT_GONE', { expiredCursors: 1 }],
])('fails at once on %s', async (_, list, code, faults) => {
  test.faults = faults;
  await expect(idsOf(test.client(), list, { pagination: cursorPages() })).rejects.toMatchObject({ code });
  expect(test.requests('/cursor/jobs/:job/files')).toBeLessThanOrEqual(2);
});

it.each([[{ unavailable: 4 }], [{ tooMany: 4 }]])('asks again after %j', async (faults) => {
  test.faults = faults;
  expect((await idsOf(test.client(), 'cursor/jobs/5/files', { pagination: cursorPages() })).ids).toHaveLength(5);
});

it('fails with the last answer when every attempt is used, without a circuit that opens', async () => {
  test.faults = { outage: true };
  const client = test.client({ maxAttempts: 3 });
  await expect(client.json('jobs/1/files/0')).rejects.toMatchObject({ code: 'ERR_EXPORT_UNAVAILABLE', status: 503 });
  expect(test.requests('/jobs/:job/files/:file')).toBe(3);
});

it('asks again after a time without an answer', async () => {
  test.faults = { slowMs: 300 };
  const client = test.client({ timeoutSeconds: 0.1, retryDelayMs: 200 });
  setTimeout(() => (test.faults = {}), 150);
  expect(await client.json('jobs/1/files/0')).toMatchObject({ id: '0' });
});

it('waits as long as Retry-After says, and has everybody wait', async () => {
  test.faults = { tooMany: 1, retryAfterSeconds: 1 };
  const pauses: number[] = [];
  const rateLimit: RateLimit = { take: () => Promise.resolve(), pause: (ms) => Promise.resolve(void pauses.push(ms)) };
  const began = Date.now();
  await test.client({ rateLimit }).json('jobs/1/files/0');
  expect(Date.now() - began).toBeGreaterThanOrEqual(990);
  expect(pauses).toEqual([1_000]);
});

it('fails at once, with the time, when Retry-After asks for more than a request may wait', async () => {
  test.faults = { tooMany: 1, retryAfterSeconds: 3_600 };
  await expect(test.client().json('jobs/1/files/0')).rejects.toMatchObject({
    code: 'ERR_EXPORT_UNAVAILABLE',
    retryAfterSeconds: 3_600,
  });
});

it('stops at once when its signal aborts, in the request and between attempts', async () => {
  test.faults = { slowMs: 10_000 };
  const reason = new Error('stopped');
  for (const faults of [{ slowMs: 1_000 }, { outage: true }]) {
    test.faults = faults;
    const stop = new AbortController();
    const answer = test
      .client({ retryDelayMs: 100_000, maxRetryDelayMs: 100_000 })
      .json('jobs/1/files/0', { signal: stop.signal });
    setTimeout(() => stop.abort(reason), 50);
    await expect(answer).rejects.toBe(reason);
  }
});

describe('circuit', () => {
  const circuitBreaker = { minimumJobs: 5, resetSeconds: 0.2 };

  it('holds requests during an outage, counts no attempts, and serves all of them afterwards', async () => {
    test.faults = { outage: true };
    const client = test.client({ circuitBreaker, retryDelayMs: 100 });
    const log: string[] = [];
    client.onCircuit({ onOpen: () => log.push('open'), onClose: () => log.push('close') });
    const answers = Promise.all(Array.from({ length: 20 }, () => client.json('jobs/1/files/0')));
    await until(() => client.circuitOpen);
    // What was under way when it opened
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = test.requests('/jobs/:job/files/:file');
    await new Promise((resolve) => setTimeout(resolve, 800));
    // One request tries each 0.2 seconds
    expect(test.requests('/jobs/:job/files/:file') - before).toBeLessThanOrEqual(5);
    test.faults = {};
    expect(await answers).toHaveLength(20);
    expect(log.at(0)).toBe('open');
    expect(log.at(-1)).toBe('close');
  });

  it('lets a request go that is aborted while it is held', async () => {
    test.faults = { outage: true };
    const client = test.client({ circuitBreaker: { minimumJobs: 2, resetSeconds: 60 }, maxAttempts: 3 });
    const stop = new AbortController();
    const held = client.json('jobs/1/files/0', { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('stopped')), 300);
    await expect(held).rejects.toThrow('stopped');
  });

  it('does not open for what the API answers with 404 or 429', async () => {
    const client = test.client({ circuitBreaker });
    await Promise.all(Array.from({ length: 10 }, () => client.json('jobs/none/files/0').catch(() => undefined)));
    test.faults = { tooMany: 8 };
    await Promise.all(Array.from({ length: 4 }, () => client.json('jobs/1/files/0')));
    expect(client.circuitOpen).toBe(false);
  });
});

it('fails when credentials are refused that are the newest', async () => {
  test.api.token = 'other';
  await expect(test.client().json('jobs/1/files/0')).rejects.toMatchObject({ code: 'ERR_EXPORT_CREDENTIALS' });
  expect(test.requests('/jobs/:job/files/:file')).toBe(1);
});

describe('addresses', () => {
  let other: ReturnType<typeof createServer>;
  let headers: NodeJS.Dict<string | string[]>[];

  beforeEach(async () => {
    headers = [];
    other = createServer((request, response) => {
      headers.push(request.headers);
      if (request.url === '/away') {
        response.writeHead(302, { location: `${test.api.url}jobs/1/files/0` }).end();
      } else if (request.url === '/loop') {
        response.writeHead(302, { location: '/loop' }).end();
      } else {
        response.end('not { json');
      }
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  });

  afterEach(() => new Promise((resolve) => other.close(resolve)));

  const origin = () => `http://127.0.0.1:${(other.address() as AddressInfo).port}`;

  it('in other origins are not asked, such as the one that hands out the credentials of the task', async () => {
    for (const address of [
      'http://169.254.170.2/v2/credentials',
      'file:///etc/passwd',
      `${origin()}/`,
      test.api.url.replace('//', '//user:secret@'),
    ]) {
      await expect(async () => test.client().get(address)).rejects.toMatchObject({ code: 'ERR_EXPORT_URL' });
    }
    expect(headers).toEqual([]);
  });

  it('that redirect there are not followed', async () => {
    const client = test.client({ baseUrl: `${origin()}/` });
    await expect(client.get('away')).rejects.toMatchObject({ code: 'ERR_EXPORT_URL' });
  });

  it('in origins for downloads get no credentials', async () => {
    await test.client({ downloadOrigins: [origin()] }).get(`${origin()}/file`);
    expect(headers[0]).not.toHaveProperty('authorization');
  });

  it('get their credentials again after a redirect back to the API', async () => {
    const client = test.client({ downloadOrigins: [origin()] });
    expect(await client.json(`${origin()}/away`)).toMatchObject({ id: '0' });
  });

  it('that redirect in a circle fail', async () => {
    await expect(test.client({ baseUrl: `${origin()}/` }).get('loop')).rejects.toMatchObject({
      code: 'ERR_EXPORT_REFUSED',
    });
    expect(headers).toHaveLength(6);
  });

  it('with an answer that is not JSON fail', async () => {
    await expect(test.client({ baseUrl: `${origin()}/` }).json('')).rejects.toMatchObject({ code: 'ERR_EXPORT_PAGE' });
  });

  it('stay out of errors with their query, which may be a signature', async () => {
    const error: unknown = await test
      .client()
      .json('jobs/none/files/0?signature=secret')
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ExportApiError);
    expect(String(error)).not.toContain('secret');
  });
});

it('fails on a page that has another shape, or is larger than it may be', async () => {
  const pages = (options: PagesOptions, maxPageBytes?: number) =>
    idsOf(test.client(maxPageBytes === undefined ? {} : { maxPageBytes }), 'cursor/jobs/5/files', options);
  await expect(pages({ pagination: cursorPages({ items: 'files' }) })).rejects.toMatchObject({
    code: 'ERR_EXPORT_PAGE',
  });
  await expect(pages({ pagination: cursorPages({ next: 'items' }) })).rejects.toMatchObject({
    code: 'ERR_EXPORT_PAGE',
  });
  await expect(pages({ pagination: cursorPages() }, 100)).rejects.toMatchObject({ code: 'ERR_EXPORT_PAGE' });
});

it('fails on an item that is nested too deep to be identified', async () => {
  const body = `{"items":[${'['.repeat(50_000)}${']'.repeat(50_000)}]}`;
  await expect(
    idsOf(test.client({ fetch: () => Promise.resolve(new Response(body)) }), 'jobs', { pagination: cursorPages() }),
  ).rejects.toMatchObject({ code: 'ERR_EXPORT_PAGE' });
});

it('fails with every option that is out of its range', () => {
  expect(() => test.client({ timeoutSeconds: 0, maxAttempts: 0.5 })).toThrow(/`timeoutSeconds`[^]*`maxAttempts`/);
  expect(() => test.client({ downloadOrigins: ['https://files.example.com/path'] })).toThrow(/`downloadOrigins`/);
});
