import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  bufferSource,
  fileSource,
  httpSource,
  openZip,
  s3Source,
  type ArchiveSource,
} from '../../../src/runtime/archive/index.js';
import { S3Stub } from '../../support/s3-stub.js';
import { buildZip, type EntrySpec } from '../../support/zip-builder.js';

const noise = randomBytes(700_000);
const text = Buffer.from(
  Array.from({ length: 200_000 }, (_, i) => `${i},name ${i % 977},${(i * 7919) % 10_007}\n`).join(''),
);

const specs: EntrySpec[] = [
  { name: 'dir/', method: 0 },
  { name: 'dir/small.json', content: '{"id":1}' },
  { name: 'stored.bin', content: noise, method: 0 },
  { name: 'empty.txt', content: '' },
  { name: 'large.csv', content: text },
  { name: 'noise.bin', content: noise },
  { name: 'signed.txt', content: text.subarray(0, 5_000), descriptor: 'signed' },
  { name: 'bare.txt', content: text.subarray(0, 5_001), descriptor: 'bare' },
  { name: 'signed64.txt', content: noise, descriptor: 'signed64' },
  { name: 'bare64.bin', content: noise, method: 0, descriptor: 'bare64' },
  { name: 'zip64.txt', content: 'wide', zip64: true },
  { name: 'grüße/日本.txt', content: 'utf-8' },
];
const { bytes } = buildZip(specs, { comment: Buffer.from('a comment') });

let folder: string;
let s3: S3Stub;
let http: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'archives-'));
  writeFileSync(join(folder, 'a.zip'), bytes);
  s3 = await S3Stub.start();
  s3.objects.set('b/a.zip', { body: bytes, etag: '"1"', headers: {} });
  http = createServer((request, response) => {
    const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = from === '' ? Math.max(0, bytes.length - Number(to)) : Number(from);
    const end = from === '' || to === '' ? bytes.length : Number(to) + 1;
    response.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}`, etag: '"v1"' });
    response.end(bytes.subarray(start, end));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await s3.stop();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

/** Copies each piece, as required for `pieces`. */
async function copied(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) {
    copies.push(Buffer.from(piece));
  }
  return Buffer.concat(copies);
}

const sources: [string, () => ArchiveSource][] = [
  ['buffer', () => bufferSource(bytes)],
  ['file', () => fileSource(join(folder, 'a.zip'))],
  ['S3', () => s3Source({ client: s3.client(), bucket: 'b', key: 'a.zip' })],
  ['HTTP', () => httpSource(`http://127.0.0.1:${(http.address() as AddressInfo).port}/a.zip?signature=secret`)],
];

describe.each(sources)('over %s', (_, source) => {
  test('reads every entry by buffer() and by stream(), out of order as well', async () => {
    const zip = await openZip(source());
    expect(zip.entries.map(({ name, size, kind, refusal }) => ({ name, size, kind, refusal }))).toEqual(
      specs.map(({ name, content = '' }) => ({
        name,
        size: Buffer.byteLength(content),
        kind: String(name).endsWith('/') ? 'directory' : 'file',
        refusal: undefined,
      })),
    );
    for (const [i, spec] of [...specs.entries()].reverse()) {
      const content = Buffer.from(spec.content ?? '');
      const entry = zip.entries[i];
      expect((await entry.buffer()).equals(content)).toBe(true);
      expect((await buffer(entry.stream())).equals(content)).toBe(true);
      expect((await copied(entry.pieces())).equals(content)).toBe(true);
    }
    await zip.close();
  });

  test('reads all files in one loop', async () => {
    const zip = await openZip(source());
    const found: string[] = [];
    for await (const entry of zip) {
      found.push(entry.name);
      expect((await entry.buffer()).length).toBe(entry.size);
    }
    expect(found).toEqual(specs.map(({ name }) => name).filter((name) => !String(name).endsWith('/')));
    await zip.close();
  });

  test('reads selected entries, several at a time', async () => {
    const zip = await openZip(source());
    const sizes = new Map<string, number>();
    await zip.forEach(async (entry) => void sizes.set(entry.name, (await buffer(entry.stream())).length), {
      select: ({ name }) => name.endsWith('.txt'),
      concurrency: 4,
    });
    expect(sizes.get('bare.txt')).toBe(5_001);
    expect(sizes.size).toBe(6);
    await zip.close();
  });

  test('keeps every error free of query strings', async () => {
    const zip = await openZip(source());
    expect(zip.label).not.toContain('secret');
    await zip.close();
  });
});

test('pieces() takes the memory of large content back, and leaves that of the archive alone', async () => {
  const zip = await openZip(bytes);
  const kept: Buffer[] = [];
  for await (const piece of zip.get('large.csv')!.pieces()) {
    kept.push(piece);
  }
  expect(kept.length).toBeGreaterThan(3);
  expect(kept[0]).toHaveLength(0);
  for (const name of ['stored.bin', 'bare64.bin']) {
    expect((await copied(zip.get(name)!.pieces())).equals(noise)).toBe(true);
  }
  // Twice: the archive in memory still has all of its bytes.
  for (const name of ['stored.bin', 'large.csv']) {
    expect((await zip.get(name)!.buffer()).length).toBe(zip.get(name)!.size);
  }
});

test('names of archives and entries do not break the log', async () => {
  const zip = await openZip(
    bufferSource(buildZip([{ name: 'evil\n\u202etxt.exe', content: 'x' }]).bytes, 's3://b/up\nload\u001b[31m.zip'),
  );
  const error = await zip.entries[0].buffer().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ERR_ZIP_NAME_CONTROL', archive: 's3://b/up\nload\u001b[31m.zip' });
  expect((error as Error).message).not.toMatch(/[\n\u001b\u202e]/);
});

test('refuses a URL with a password, and does not repeat it', () => {
  const made = (): unknown => httpSource('https://user:secret@example.com/a.zip');
  expect(made).toThrow(TypeError);
  expect(made).toThrow(/authorization/);
  expect(made).not.toThrow(/secret/);
});

test('says before reading which entries cannot be read here', async () => {
  const zip = await openZip(
    buildZip([
      { name: 'crypto', flags: 1, content: 'x', method: 0 },
      { name: 'bzip2', method: 12, data: Buffer.alloc(20) },
      { name: 'good', content: 'good' },
    ]).bytes,
    { password: 'secret' },
  );
  expect(zip.entries.map(({ refusal }) => refusal?.code)).toEqual([
    'ERR_ZIP_ENCRYPTED',
    'ERR_ZIP_UNSUPPORTED_METHOD',
    undefined,
  ]);
  expect(zip.entries[0].refusal?.message).toMatch(/ZipCrypto.*WinZip AES/);
});

test('returns the modification time of a file', async () => {
  const zip = await openZip(bytes);
  expect(zip.get('stored.bin')?.modified).toEqual(new Date('2026-11-20T12:34:56Z'));
});

test('reads ZIP64 end records', async () => {
  const zip = await openZip(buildZip([{ name: 'a', content: 'x', zip64: true }], { zip64: true }).bytes);
  expect((await zip.get('a')?.buffer())?.toString()).toBe('x');
});

test('stops reading when the signal of the loop aborts', async () => {
  const zip = await openZip(bytes);
  const stop = new AbortController();
  const loop = async (): Promise<void> => {
    for await (const entry of zip.read({ signal: stop.signal })) {
      await entry.buffer();
      stop.abort(new Error('enough'));
    }
  };
  await expect(loop()).rejects.toThrow('enough');
});

test('ends a stream at once when it is destroyed', async () => {
  const zip = await openZip(fileSource(join(folder, 'a.zip')));
  const stream = zip.get('large.csv')!.stream();
  await new Promise((resolve) => stream.once('data', resolve));
  stream.destroy();
  await new Promise((resolve) => stream.once('close', resolve));
  await zip.close();
});

test('refuses to read after close', async () => {
  const zip = await openZip(bytes);
  await zip.close();
  await expect(zip.get('empty.txt')!.buffer()).rejects.toMatchObject({ code: 'ERR_ZIP_SOURCE' });
});

test('the first failure of a handler stops forEach', async () => {
  const zip = await openZip(bytes);
  let calls = 0;
  await expect(
    zip.forEach(
      () => {
        calls += 1;
        throw new Error('handler');
      },
      { concurrency: 1 },
    ),
  ).rejects.toThrow('handler');
  expect(calls).toBe(1);
});

test('an archive inside an archive shares its limits', async () => {
  const inner = buildZip([{ name: 'deep.txt', content: 'x'.repeat(600) }]).bytes;
  const outer = await openZip(buildZip([{ name: 'inner.zip', content: inner, method: 0 }]).bytes, {
    limits: { maxTotalBytes: inner.length + 500 },
  });
  const zip = await openZip(outer.get('inner.zip')!);
  expect(zip.label).toBe('buffer!/inner.zip');
  await expect(zip.get('deep.txt')!.buffer()).rejects.toMatchObject({ code: 'ERR_ZIP_TOTAL_TOO_LARGE' });
});

describe('S3', () => {
  test('fails when the object is replaced while it is read', async () => {
    const stub = await S3Stub.start();
    stub.objects.set('b/a.zip', { body: bytes, etag: '"1"', headers: {} });
    const zip = await openZip(s3Source({ client: stub.client(), bucket: 'b', key: 'a.zip' }));
    stub.objects.set('b/a.zip', { body: bytes, etag: '"2"', headers: {} });
    await expect(zip.get('stored.bin')!.buffer()).rejects.toMatchObject({ code: 'ERR_ZIP_SOURCE_CHANGED' });
    await stub.stop();
  });

  test('resumes after broken connections, at the first missing byte', async () => {
    const stub = await S3Stub.start();
    stub.objects.set('b/a.zip', { body: bytes, etag: '"1"', headers: {} });
    stub.fault = ({ action, count }) => (action === 'GetObject' && count % 2 === 1 ? { cutAfter: 50_000 } : undefined);
    const zip = await openZip(s3Source({ client: stub.client(), bucket: 'b', key: 'a.zip', retryDelayMs: 1 }));
    expect((await zip.get('stored.bin')!.buffer()).equals(noise)).toBe(true);
    await zip.close();
    await stub.stop();
  });

  test('ends with one clear error when connections keep breaking', async () => {
    const stub = await S3Stub.start();
    stub.objects.set('b/a.zip', { body: bytes, etag: '"1"', headers: {} });
    stub.fault = () => ({ cutAfter: 0 });
    await expect(
      openZip(s3Source({ client: stub.client(), bucket: 'b', key: 'a.zip', retryDelayMs: 1, maxAttempts: 3 })),
    ).rejects.toMatchObject({
      code: 'ERR_ZIP_SOURCE',
      archive: 's3://b/a.zip',
      cause: expect.objectContaining({ message: expect.any(String) }),
    });
    await stub.stop();
  });

  test('does not wait for ever for a connection that is silent', async () => {
    const stub = await S3Stub.start();
    stub.objects.set('b/a.zip', { body: bytes, etag: '"1"', headers: {} });
    stub.fault = () => ({ hang: true });
    const source = s3Source({
      client: stub.client(),
      bucket: 'b',
      key: 'a.zip',
      retryDelayMs: 1,
      maxAttempts: 2,
      idleTimeoutMs: 50,
    });
    await expect(openZip(source)).rejects.toMatchObject({ code: 'ERR_ZIP_SOURCE' });
    await stub.stop();
  });

  test.each([
    ['no such object', 'none.zip', 'ERR_ZIP_SOURCE'],
    ['an empty object', 'empty.zip', 'ERR_ZIP_NOT_ZIP'],
  ])('fails for %s', async (_, key, code) => {
    s3.objects.set('b/empty.zip', { body: Buffer.alloc(0), etag: '"0"', headers: {} });
    await expect(openZip(s3Source({ client: s3.client(), bucket: 'b', key }))).rejects.toMatchObject({ code });
  });
});

test('reads 1 % of many entries with one request each and few bytes besides', async () => {
  const many = buildZip(
    Array.from({ length: 5_000 }, (_, i) => ({ name: `e${i}.bin`, content: noise.subarray(i, i + 2_500) })),
  ).bytes;
  const stub = await S3Stub.start();
  stub.objects.set('b/many.zip', { body: many, etag: '"1"', headers: {} });
  const zip = await openZip(s3Source({ client: stub.client(), bucket: 'b', key: 'many.zip' }));
  let wanted = 0;
  await zip.forEach(async (entry) => void (wanted += (await entry.buffer()).length), {
    select: ({ name }) => /[05]00\./.test(name),
    concurrency: 8,
  });
  const directory = 5_000 * 57;
  expect(stub.requests.length).toBeLessThanOrEqual(2 + 11);
  expect(stub.sent).toBeLessThan((wanted + directory) * 1.1);
  await zip.close();
  await stub.stop();
});
