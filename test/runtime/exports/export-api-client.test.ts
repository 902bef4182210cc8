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
import { faultOf } from '../../../src/runtime/support/faults.js';
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

/** An API whose page has this cursor as the next, and one item. */
const cursors = (next: (cursor: string) => string | null, asked: string[] = []) =>
  test.client({
    fetch: (url) => {
      const cursor = new URL(url).searchParams.get('cursor') ?? '0';
      asked.push(cursor);
      return Promise.resolve(Response.json({ items: [{ id: asked.length }], nextCursor: next(cursor) }));
    },
  });

it.each([1, 2, 7, 100])(
  'recognizes a circle of %i pages, also when each page is read by another process',
  async (length) => {
    const asked: string[] = [];
    const client = cursors((cursor) => String(5 + ((Number(cursor) - 4) % length)), asked);
    const read = async () => {
      let saved: Pick<PagesOptions, 'from' | 'trail'> = {};
      for (;;) {
        for await (const { next, trail } of client.pages('jobs', { pagination: cursorPages(), ...saved })) {
          saved = { ...(next !== undefined && { from: next }), trail };
          break;
        }
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'ERR_EXPORT_PAGES_REPEAT' });
    expect(asked.length).toBeLessThanOrEqual(3 * (5 + length));
  },
);

it('ends a list at the text null, and at an empty page whose next position is its own', async () => {
  expect(
    (
      await idsOf(
        cursors(() => 'null'),
        'jobs',
        { pagination: cursorPages() },
      )
    ).ids,
  ).toHaveLength(1);
  const stays = test.client({
    fetch: (url) => {
      const isEnd = new URL(url).searchParams.has('cursor');
      return Promise.resolve(Response.json({ items: isEnd ? [] : [{ id: '0' }], nextCursor: 'end' }));
    },
  });
  expect((await idsOf(stays, 'jobs', { pagination: cursorPages() })).places).toEqual(['end', undefined]);
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

it('fails with the last answer when every attempt is used', async () => {
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

it('asks an API that does not answer twice, so that the job soon waits without a slot', async () => {
  test.faults = { slowMs: 2_000 };
  const client = test.client({ timeoutSeconds: 0.1, maxAttempts: 5 });
  await expect(client.json('jobs/1/files/0')).rejects.toMatchObject({ code: 'ERR_EXPORT_UNAVAILABLE' });
  expect(test.requests('/jobs/:job/files/:file')).toBe(2);
});

it('waits as long as Retry-After says, and has everybody wait', async () => {
  test.faults = { tooMany: 1, retryAfter: '1' };
  const pauses: number[] = [];
  const rateLimit: RateLimit = { take: () => Promise.resolve(), pause: (ms) => Promise.resolve(void pauses.push(ms)) };
  const began = Date.now();
  await test.client({ rateLimit }).json('jobs/1/files/0');
  expect(Date.now() - began).toBeGreaterThanOrEqual(990);
  expect(pauses).toEqual([1_000]);
});

it('fails at once, with the time, when Retry-After asks for more than a request may wait', async () => {
  test.faults = { tooMany: 1, retryAfter: '120' };
  await expect(test.client().json('jobs/1/files/0')).rejects.toMatchObject({
    code: 'ERR_EXPORT_UNAVAILABLE',
    retryAfterSeconds: 120,
  });
  expect(test.requests('/jobs/:job/files/:file')).toBe(1);
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

it('makes one attempt for a request while the API is unavailable, until a request succeeds', async () => {
  test.faults = { outage: true };
  const client = test.client({ maxAttempts: 3 });
  for (const requests of [3, 4, 5]) {
    await expect(client.json('jobs/1/files/0')).rejects.toMatchObject({ code: 'ERR_EXPORT_UNAVAILABLE' });
    expect(test.requests('/jobs/:job/files/:file')).toBe(requests);
  }
  test.faults = {};
  await client.json('jobs/1/files/0');
  test.faults = { unavailable: 2 };
  await client.json('jobs/1/files/0');
});

it.each([
  ['no content', { status: 204, body: '' }],
  ['a page to sign in', { status: 200, type: 'text/html; charset=utf-8', body: '<html>' }],
  ['JSON that is cut off', { status: 200, body: '{"id": "0' }],
  ['nothing', { status: 200, body: '' }],
])('asks again after %s, which is no fault of a file', async (_, answer) => {
  test.faults = { answer };
  const client = test.client({ maxAttempts: 2 });
  const error: unknown = await client.json('jobs/1/files/0').catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'ERR_EXPORT_UNAVAILABLE' });
  expect(test.requests('/jobs/:job/files/:file')).toBe(2);
  expect(faultOf(error)).toEqual({ kind: 'world', dependency: new URL(test.api.url).host });
});

it.each([401, 403, 408, 429, 500, 503])('takes HTTP %i of the API for a fault of the API', async (status) => {
  test.faults = { answer: { status } };
  const error: unknown = await test
    .client({ maxAttempts: 1 })
    .json('jobs/1/files/0')
    .catch((caught: unknown) => caught);
  expect(faultOf(error)).toEqual({ kind: 'world', dependency: new URL(test.api.url).host });
});

it.each([400, 404, 410, 422])('does not take HTTP %i for a fault of the API', async (status) => {
  test.faults = { answer: { status }, retryAfter: '7200' };
  const pauses: number[] = [];
  const rateLimit: RateLimit = { take: () => Promise.resolve(), pause: (ms) => Promise.resolve(void pauses.push(ms)) };
  const client = test.client({ maxAttempts: 1, rateLimit });
  const error: unknown = await client.json('jobs/1/files/0').catch((caught: unknown) => caught);
  expect(faultOf(error)).toEqual({ kind: 'unknown' });
  expect((error as ExportApiError).retryAfterSeconds).toBeUndefined();
  expect(pauses).toEqual([]);
});

it('asks again when a hook says that a response is none', async () => {
  test.faults = { answer: { status: 200, body: '{"state":"maintenance"}', type: 'application/problem+json' } };
  const client = test.client({
    maxAttempts: 3,
    retryWhen: ({ headers }) => headers.get('content-type')?.startsWith('application/problem+json') === true,
  });
  await expect(client.json('jobs/1/files/0')).rejects.toMatchObject({ code: 'ERR_EXPORT_UNAVAILABLE' });
  expect(test.requests('/jobs/:job/files/:file')).toBe(3);
});

it.each([
  ['121', 121],
  ['7200', 900],
  ['99999999999999999999', 900],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 900],
  ['Fri, 31 Dec 1999 23:59:59 GMT', 0],
  ['3600.5', undefined],
  ['-1', undefined],
  ['soon', undefined],
])('reads Retry-After: %s as %s seconds', async (retryAfter, seconds) => {
  test.faults = { tooMany: 1, retryAfter };
  const error: unknown = await test
    .client({ maxAttempts: 1 })
    .json('jobs/1/files/0')
    .catch((caught: unknown) => caught);
  expect((error as ExportApiError).retryAfterSeconds).toBe(seconds);
});

it('keeps ids of 64 bits as they are written', async () => {
  const body = '{"items":[{"id":9223372036854775807,"part":0.5,"size":12}],"nextCursor":9007199254740993}';
  const client = test.client({ fetch: () => Promise.resolve(new Response(body)) });
  for await (const page of client.pages('jobs', { pagination: cursorPages() })) {
    expect(page).toMatchObject({
      items: [{ id: '9223372036854775807', part: 0.5, size: 12 }],
      next: '9007199254740993',
    });
    break;
  }
});

it.each([
  ['a byte order mark', Buffer.from('\ufeff{"id":"ä"}'), 'application/json'],
  ['another character set', Buffer.from('{"id":"ä"}', 'latin1'), 'application/json; charset=ISO-8859-1'],
])('reads JSON with %s', async (_, body, type) => {
  const fetch = () => Promise.resolve(new Response(body, { headers: { 'content-type': type } }));
  expect(await test.client({ fetch }).json('jobs')).toEqual({ id: 'ä' });
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

  it('in origins for downloads get no credentials, nor headers of the caller that could be some', async () => {
    const client = test.client({ downloadOrigins: [origin()] });
    await client.get(`${origin()}/file`, { headers: { 'x-api-key': 'secret', range: 'bytes=0-1' } });
    expect(headers[0]).not.toHaveProperty('authorization');
    expect(headers[0]).not.toHaveProperty('x-api-key');
    expect(headers[0]).toMatchObject({ range: 'bytes=0-1' });
  });

  it('that are not encrypted get no credentials, except on this machine', () => {
    const credentials = { headers: () => Promise.resolve({}), renew: () => Promise.resolve(false) };
    expect(() => test.client({ baseUrl: 'http://api.example.com/', credentials })).toThrow(
      'expected `baseUrl` to start with https: because credentials are sent there, got: http://api.example.com/',
    );
    expect(() => test.client({ baseUrl: 'http://localhost:8080/', credentials })).not.toThrow();
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
