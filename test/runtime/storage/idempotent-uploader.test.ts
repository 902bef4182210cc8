import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { IdempotentUploader, type PutOptions } from '../../../src/runtime/storage/index.js';
import { S3Stub } from '../../support/s3-stub.js';

jest.setTimeout(30_000); // megabytes, on a machine that may be busy

const MIB = 1024 * 1024;
const small = Buffer.from('{"id":1}');
const large = randomBytes(12 * MIB + 7);

let s3: S3Stub;
let uploader: IdempotentUploader;

beforeEach(async () => {
  s3 = await S3Stub.start();
  uploader = new IdempotentUploader({ client: s3.client(), partSizeBytes: 5 * MIB });
});

afterEach(() => s3.stop());

async function* pieces(body: Buffer, bytes = 64 * 1024): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += bytes) {
    yield await Promise.resolve(body.subarray(at, at + bytes));
  }
}

function put(body: PutOptions['body'], more: Partial<PutOptions> = {}): PutOptions {
  return { bucket: 'b', key: 'k', body, ...more };
}

const bodies: [string, Buffer, () => Partial<PutOptions>][] = [
  ['a small buffer', small, () => ({ body: small })],
  ['an empty buffer', Buffer.alloc(0), () => ({ body: Buffer.alloc(0) })],
  ['a small stream', small, () => ({ body: pieces(small) })],
  [
    'a stream that opens again, with size and crc32',
    small,
    () => ({ body: () => pieces(small), size: small.length, crc32: crc32(small) }),
  ],
  ['a large buffer', large, () => ({ body: large })],
  ['a large stream of unknown size', large, () => ({ body: pieces(large) })],
  ['a large stream of many tiny pieces', large, () => ({ body: () => pieces(large, 1_000) })],
  [
    'a large stream with size and crc32',
    large,
    () => ({ body: () => pieces(large), size: large.length, crc32: crc32(large) }),
  ],
  [
    'exactly one part of known size',
    large.subarray(0, 5 * MIB),
    () => ({ body: pieces(large.subarray(0, 5 * MIB)), size: 5 * MIB }),
  ],
  [
    'exactly one part of unknown size',
    large.subarray(0, 5 * MIB),
    () => ({ body: pieces(large.subarray(0, 5 * MIB)) }),
  ],
];

describe.each(['crc32', 'sha256'] as const)('verified by %s', (verify) => {
  test.each(bodies)('creates once and then leaves %s unchanged', async (_, content, options) => {
    const first = await uploader.put(put(small, { ...options(), verify }));
    expect(first).toMatchObject({ outcome: 'created', bytes: content.length });
    expect(s3.objects.get('b/k')?.body.equals(content)).toBe(true);
    expect(s3.uploads.size).toBe(0);

    const again = await uploader.put(put(small, { ...options(), verify }));
    expect(again).toEqual({ ...first, outcome: 'unchanged' });
    expect(s3.uploads.size).toBe(0);
  });
});

test('sends no byte of a body whose result stands already', async () => {
  await uploader.put(put(large));
  s3.forget();
  const body = jest.fn(() => pieces(large));
  const result = await uploader.put(put(body, { size: large.length, crc32: crc32(large) }));
  expect(result.outcome).toBe('unchanged');
  expect(body).not.toHaveBeenCalled();
  expect(s3.requests.map((request) => request.action)).toEqual(['HeadObject']);
});

test('fails when another content is there, and leaves it alone', async () => {
  await uploader.put(put(small));
  await expect(uploader.put(put(Buffer.from('other')))).rejects.toMatchObject({
    code: 'ERR_STORAGE_DIFFERS',
    bucket: 'b',
    key: 'k',
  });
  expect(s3.objects.get('b/k')?.body).toEqual(small);
});

test.each([
  ['small', small, Buffer.from('other')],
  ['large', large, Buffer.concat([large, small])],
])('replaces a %s object when it may', async (_, before, after) => {
  await uploader.put(put(before));
  const result = await uploader.put(put(() => pieces(after), { ifDifferent: 'replace' }));
  expect(result.outcome).toBe('replaced');
  expect(s3.objects.get('b/k')?.body.equals(after)).toBe(true);
});

test('never replaces an object that it has not seen', async () => {
  await uploader.put(put(small));
  // GIVEN someone who writes between our look and our write
  s3.fault = ({ action, count }) => {
    if (action === 'PutObject' && count === 2) {
      s3.objects.set('b/k', { body: Buffer.from('theirs'), etag: '"theirs"', headers: {} });
    }
    return undefined;
  };
  const result = await uploader.put(put(Buffer.from('ours'), { ifDifferent: 'replace' }));
  expect(result.outcome).toBe('replaced');
  expect(s3.requests.filter(({ action }) => action === 'PutObject').map(({ headers }) => headers['if-match'])).toEqual([
    undefined,
    expect.any(String),
    '"theirs"',
  ]);
});

test.each([
  ['small', small],
  ['large', large],
])('takes the same %s content, written by someone else meanwhile, for its own', async (_, content) => {
  const write = content === small ? 'PutObject' : 'CompleteMultipartUpload';
  const other = await S3Stub.start();
  await new IdempotentUploader({ client: other.client() }).put(put(content));
  const theirs = other.objects.get('b/k');
  await other.stop();
  s3.fault = ({ action }) => {
    if (action === write && theirs !== undefined) {
      s3.objects.set('b/k', theirs);
    }
    return undefined;
  };
  const result = await uploader.put(put(pieces(content)));
  expect(result.outcome).toBe('unchanged');
  expect(s3.uploads.size).toBe(0);
});

test('sends again after 409, parts in a new upload', async () => {
  s3.fault = ({ action, count }) =>
    action === 'CompleteMultipartUpload' && count === 1
      ? { status: 409, code: 'ConditionalRequestConflict' }
      : undefined;
  const result = await uploader.put(put(() => pieces(large), { resume: false }));
  expect(result.outcome).toBe('created');
  expect(s3.count('CreateMultipartUpload')).toBe(2);
  expect(s3.count('AbortMultipartUpload')).toBe(1);
  expect(s3.objects.get('b/k')?.body.equals(large)).toBe(true);
});

test('fails with a remedy when a body that can be read once must be sent twice', async () => {
  s3.fault = ({ action }) =>
    action === 'CompleteMultipartUpload' ? { status: 409, code: 'ConditionalRequestConflict' } : undefined;
  await expect(uploader.put(put(pieces(large)))).rejects.toMatchObject({
    code: 'ERR_STORAGE_CONTENT',
    message: expect.stringContaining('pass a function'),
  });
  expect(s3.uploads.size).toBe(0);
});

test('fails with ERR_STORAGE_CONFLICT when every attempt gets 409', async () => {
  s3.fault = ({ action }) => (action === 'PutObject' ? { status: 409, code: 'ConditionalRequestConflict' } : undefined);
  const twice = new IdempotentUploader({ client: s3.client(), maxAttempts: 2 });
  await expect(twice.put(put(small))).rejects.toMatchObject({ code: 'ERR_STORAGE_CONFLICT' });
  expect(s3.count('PutObject')).toBe(2);
});

test.each(['PutObject', 'CompleteMultipartUpload'])(
  'finds its own write when the answer to %s was lost',
  async (action) => {
    s3.fault = (request) =>
      request.action === action && request.count === 1 ? { status: 500, after: true } : undefined;
    const content = action === 'PutObject' ? small : large;
    const result = await uploader.put(put(() => pieces(content)));
    expect(result.outcome).toBe('unchanged');
    expect(s3.objects.get('b/k')?.body.equals(content)).toBe(true);
    expect(s3.uploads.size).toBe(0);
  },
);

test('resumes with the parts of a killed attempt', async () => {
  // GIVEN an attempt that ends after its second part, and cannot take anything back
  const stop = new AbortController();
  s3.fault = ({ action, count }) => {
    if (action !== 'UploadPart' || count < 3) {
      return undefined;
    }
    stop.abort(new Error('killed'));
    return { hang: true };
  };
  const one = new IdempotentUploader({ client: s3.client(), partSizeBytes: 5 * MIB, partsInParallel: 1 });
  await expect(one.put(put(() => pieces(large), { signal: stop.signal }))).rejects.toThrow('killed');
  expect(s3.uploads.size).toBe(1);
  s3.fault = () => undefined;
  s3.forget();
  // WHEN it is tried again
  const result = await uploader.put(put(() => pieces(large)));
  // THEN
  expect(result.outcome).toBe('created');
  expect(s3.count('UploadPart')).toBe(1);
  expect(s3.count('CreateMultipartUpload')).toBe(0);
  expect(s3.objects.get('b/k')?.body.equals(large)).toBe(true);
  expect(s3.uploads.size).toBe(0);
});

test('sends a part again whose content has changed since', async () => {
  const changed = Buffer.from(large);
  changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
  const stop = new AbortController();
  s3.fault = ({ action, count }) => {
    if (action !== 'UploadPart' || count < 3) {
      return undefined;
    }
    stop.abort(new Error('killed'));
    return { hang: true };
  };
  await expect(uploader.put(put(() => pieces(large), { signal: stop.signal }))).rejects.toThrow('killed');
  s3.fault = () => undefined;
  await uploader.put(put(() => pieces(changed)));
  expect(s3.objects.get('b/k')?.body.equals(changed)).toBe(true);
});

test.each([
  [
    'a part is refused',
    (s: S3Stub) =>
      void (s.fault = ({ action }) => (action === 'UploadPart' ? { status: 403, code: 'AccessDenied' } : undefined)),
    'ERR_STORAGE_FAILED',
  ],
  [
    'the commit is refused',
    (s: S3Stub) =>
      void (s.fault = ({ action }) =>
        action === 'CompleteMultipartUpload' ? { status: 403, code: 'AccessDenied' } : undefined),
    'ERR_STORAGE_FAILED',
  ],
])('takes every part back before it fails, when %s', async (_, arrange, code) => {
  arrange(s3);
  await expect(uploader.put(put(pieces(large)))).rejects.toMatchObject({ code });
  expect(s3.uploads.size).toBe(0);
  expect(s3.objects.size).toBe(0);
});

test('passes on what the body throws, and takes the parts back', async () => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield* pieces(large);
    throw new Error('source is gone');
  }
  await expect(uploader.put(put(broken()))).rejects.toThrow('source is gone');
  expect(s3.uploads.size).toBe(0);
});

test.each([
  ['size', { size: small.length - 1 }],
  ['size of a longer body', { size: small.length + 1 }],
  ['crc32', { crc32: 1 }],
])('refuses to commit a body with another %s', async (_, wrong) => {
  for (const body of [small, pieces(small), () => pieces(small)]) {
    await expect(uploader.put(put(body, wrong))).rejects.toMatchObject({ code: 'ERR_STORAGE_CONTENT' });
  }
  expect(s3.objects.size).toBe(0);
});

test('refuses to commit parts with another crc32', async () => {
  await expect(uploader.put(put(pieces(large), { size: large.length, crc32: 1 }))).rejects.toMatchObject({
    code: 'ERR_STORAGE_CONTENT',
  });
  expect(s3.count('CompleteMultipartUpload')).toBe(0);
  expect(s3.uploads.size).toBe(0);
});

test('stops before the commit when the signal has aborted, with the reason of the signal', async () => {
  const lost = new AbortController();
  async function* losing(): AsyncGenerator<Buffer> {
    yield* pieces(small);
    lost.abort(new Error('lease lost'));
  }
  await expect(uploader.put(put(losing(), { signal: lost.signal }))).rejects.toThrow('lease lost');
  expect(s3.count('PutObject')).toBe(0);
});

test('a body that hangs does not hold up a stop', async () => {
  async function* hanging(): AsyncGenerator<Buffer> {
    yield large.subarray(0, 6 * MIB);
    await new Promise(() => undefined);
  }
  const stop = new AbortController();
  const storing = uploader.put(put(hanging(), { signal: stop.signal }));
  setTimeout(() => stop.abort(new Error('lease lost')), 50);
  await expect(storing).rejects.toThrow('lease lost');
  expect(s3.objects.size).toBe(0);
});

test('closes a stream that it does not need', async () => {
  const known = { size: small.length, crc32: crc32(small) };
  await uploader.put(put(small));
  const stream = Readable.from([small]);
  expect((await uploader.put(put(stream, known))).outcome).toBe('unchanged');
  expect(stream.destroyed).toBe(true);
});

test('a key does not break the log', async () => {
  await uploader.put(put(small, { key: 'a\nb' }));
  const error = await uploader.put(put(large, { key: 'a\nb' })).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ERR_STORAGE_DIFFERS', key: 'a\nb' });
  expect((error as Error).message).not.toContain('\n');
});

test('writes without a check when configured, and checks only after a refusal', async () => {
  await uploader.put(put(small, { lookFirst: false }));
  expect(s3.requests.map(({ action }) => action)).toEqual(['PutObject']);
  s3.forget();
  expect((await uploader.put(put(small, { lookFirst: false }))).outcome).toBe('unchanged');
  expect(s3.requests.map(({ action }) => action)).toEqual(['PutObject', 'HeadObject']);
});

test('creates without the right to look at what is not there', async () => {
  s3.fault = ({ action }) =>
    action === 'HeadObject' && s3.objects.size === 0 ? { status: 403, code: 'AccessDenied' } : undefined;
  expect((await uploader.put(put(small))).outcome).toBe('created');
});

test('says which permission is missing when it cannot compare', async () => {
  await uploader.put(put(small));
  s3.fault = ({ action }) => (action === 'HeadObject' ? { status: 403, code: 'AccessDenied' } : undefined);
  await expect(uploader.put(put(small))).rejects.toMatchObject({
    code: 'ERR_STORAGE_FAILED',
    message: expect.stringContaining('s3:GetObject'),
  });
});

test('passes settings on, whether in one request or in parts', async () => {
  const settings = { contentType: 'text/csv', metadata: { job: '7' }, tags: { team: 'a b' }, kmsKeyId: 'key-1' };
  await uploader.put(put(small, { key: 'one', ...settings }));
  await uploader.put(put(large, { key: 'many', ...settings }));
  for (const key of ['b/one', 'b/many']) {
    expect(s3.objects.get(key)?.headers).toMatchObject({
      'content-type': 'text/csv',
      'x-amz-meta-job': '7',
      'x-amz-tagging': 'team=a+b',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
    });
  }
});

test('putAll stores everything with bounded parallelism', async () => {
  let running = 0;
  let most = 0;
  const entries = Array.from({ length: 200 }, (_, i) => ({
    bucket: 'b',
    key: `k${i}`,
    body: async function* () {
      most = Math.max(most, ++running);
      yield await new Promise<Buffer>((resolve) => setTimeout(resolve, 2, Buffer.from(`content ${i}`)));
      running -= 1;
    },
  }));
  const outcomes = [];
  for await (const result of uploader.putAll(entries, { concurrency: 10 })) {
    outcomes.push(result.outcome);
  }
  expect(outcomes).toEqual(Array(200).fill('created'));
  expect(s3.objects.size).toBe(200);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(10);
});

test('putAll throws the first failure after the others have ended', async () => {
  s3.fault = ({ key }) => (key === 'k5' ? { status: 403, code: 'AccessDenied' } : undefined);
  const entries = Array.from({ length: 50 }, (_, i) => ({ bucket: 'b', key: `k${i}`, body: small }));
  const all = async (): Promise<void> => {
    for await (const result of uploader.putAll(entries, { concurrency: 4 })) {
      expect(result.key).not.toBe('k5');
    }
  };
  await expect(all()).rejects.toMatchObject({ code: 'ERR_STORAGE_FAILED', key: 'k5' });
  expect(s3.objects.size).toBeLessThan(20);
});

test('holds no more than its memory, and ends although many large bodies wait for it', async () => {
  const tight = new IdempotentUploader({ client: s3.client(), partSizeBytes: 5 * MIB, maxBufferedBytes: 10 * MIB });
  const results = await Promise.all(
    Array.from({ length: 6 }, (_, i) => tight.put({ bucket: 'b', key: `k${i}`, body: pieces(large) })),
  );
  expect(results.every(({ outcome }) => outcome === 'created')).toBe(true);
});

test.each([
  ['partSizeBytes', 1],
  ['partSizeBytes', Number.NaN],
  ['partsInParallel', 0],
  ['maxBufferedBytes', 1],
  ['maxAttempts', 0],
])('throws ConfigurationError for %s %d', (name, value) => {
  expect(() => new IdempotentUploader({ client: s3.client(), [name]: value })).toThrow(
    new RegExp(`expected \`${name}\` to be an integer`),
  );
});
