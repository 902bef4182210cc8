import { download } from '../../../src/runtime/exports/index.js';
import { httpSource, openZip } from '../../../src/runtime/archive/index.js';
import { collect, onDisk, TestApi } from './api.js';

let test: TestApi;

beforeEach(async () => {
  test = await TestApi.start();
});

afterEach(() => test.stop());

it('brings the bytes of the file, and knows them by their checksum', async () => {
  const client = test.client();
  const { url, size, sha256 } = await test.file(client);
  expect((await collect(download(client, url, { size, sha256 }))).equals(onDisk(test.folder))).toBe(true);
});

it('resumes where the connection broke', async () => {
  const client = test.client();
  const { url, size, sha256 } = await test.file(client);
  test.faults = { resetAfterBytes: 100_000 };
  expect((await collect(download(client, url, { size, sha256 }))).equals(onDisk(test.folder))).toBe(true);
  expect(test.requests('/download/:job/:file')).toBe(4);
});

it.each([
  ['ends where it should not end', { extraLength: 10 }, 'ERR_EXPORT_CONTENT'],
  ['lacks its end', { truncatedBytes: 10 }, 'ERR_EXPORT_CONTENT'],
  ['has another byte', { corrupt: true }, 'ERR_EXPORT_CONTENT'],
  ['breaks on a server without ranges', { noRanges: true, resetAfterBytes: 100_000 }, 'ERR_EXPORT_NOT_RESUMABLE'],
  ['never brings a byte', { resetAfterBytes: 0 }, 'ERR_EXPORT_UNAVAILABLE'],
  ['has a link that is too old', { expiredLinks: 1 }, 'ERR_EXPORT_GONE'],
])('fails when it %s', async (_, faults, code) => {
  const client = test.client({ maxAttempts: 3 });
  const { url, size, sha256 } = await test.file(client);
  test.faults = faults;
  await expect(collect(download(client, url, { size, sha256 }))).rejects.toMatchObject({ code });
  expect(test.requests('/download/:job/:file')).toBeLessThanOrEqual(4);
});

it('fails when the file is replaced between two connections', async () => {
  const client = test.client();
  const { url } = await test.file(client);
  test.faults = { resetAfterBytes: 100_000 };
  const pieces = download(client, url);
  await pieces.next();
  const request = jest
    .spyOn(client, 'get')
    .mockImplementationOnce(() =>
      Promise.resolve(new Response('other', { status: 200, headers: { 'accept-ranges': 'bytes' } })),
    );
  await expect(collect(pieces)).rejects.toMatchObject({ code: 'ERR_EXPORT_CHANGED' });
  expect(request.mock.calls[0]?.[1]?.headers).toMatchObject({
    range: 'bytes=100000-',
    'if-range': expect.stringMatching(/^"/),
  });
});

it('takes a connection without bytes for a broken one', async () => {
  const client = test.client({ timeoutSeconds: 0.2, maxAttempts: 2 });
  const { url } = await test.file(client);
  const silent = () => Promise.resolve(new Response(new ReadableStream({ pull: () => new Promise(() => undefined) })));
  jest.spyOn(client, 'get').mockImplementation(silent);
  await expect(collect(download(client, url))).rejects.toMatchObject({ code: 'ERR_EXPORT_UNAVAILABLE' });
});

it('stops when its signal aborts', async () => {
  const client = test.client();
  const { url } = await test.file(client);
  const stop = new AbortController();
  const pieces = download(client, url, { signal: stop.signal });
  await pieces.next();
  stop.abort(new Error('stopped'));
  await expect(pieces.next()).rejects.toThrow('stopped');
});

describe('an archive that is read by ranges', () => {
  it('gives single entries, over broken connections', async () => {
    const client = test.client();
    const { url, size } = await test.file(client);
    test.faults = { resetAfterBytes: 50_000 };
    const archive = await openZip(httpSource(url, { fetch: client.fetch, retryDelayMs: 1 }));
    expect(archive.size).toBe(size);
    expect((await archive.get('wanted.json')?.buffer())?.toString()).toBe('{"wanted":true}');
    expect(await archive.get('large.bin')?.buffer()).toHaveLength(300_000);
    await archive.close();
  });

  it('fails once, with the reason, when the client has failed', async () => {
    const client = test.client({ maxAttempts: 2 });
    const { url } = await test.file(client);
    test.faults = { outage: true };
    await expect(openZip(httpSource(url, { fetch: client.fetch, retryDelayMs: 1 }))).rejects.toMatchObject({
      code: 'ERR_ZIP_SOURCE',
      cause: { code: 'ERR_EXPORT_UNAVAILABLE' },
    });
    expect(test.requests('/download/:job/:file')).toBe(2);
  });
});
