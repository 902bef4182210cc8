import { randomBytes } from 'node:crypto';
import { openZip, s3Source, type ZipArchive } from '../../../src/runtime/archive/index.js';
import { extractTo, type ExtractOptions } from '../../../src/runtime/jobs/extract-to.js';
import { IdempotentUploader } from '../../../src/runtime/storage/index.js';
import { S3Stub } from '../../support/s3-stub.js';
import { buildZip, type EntrySpec } from '../../support/zip-builder.js';

const large = randomBytes(6 * 1024 * 1024);
const specs: EntrySpec[] = [
  { name: 'dir/', method: 0 },
  ...Array.from({ length: 600 }, (_, i) => ({ name: `dir/${i}.json`, content: `{"id":${i}}` })),
  { name: 'large.bin', content: large },
];
const archiveBytes = buildZip(specs).bytes;

jest.setTimeout(30_000);

let s3: S3Stub;
let archive: ZipArchive;
let options: Pick<ExtractOptions, 'archive' | 'destination'>;

beforeEach(async () => {
  s3 = await S3Stub.start();
  await arrange(archiveBytes);
});

afterEach(async () => {
  await archive.close();
  await s3.stop();
});

async function arrange(bytes: Buffer): Promise<void> {
  s3.objects.set('in/a.zip', { body: bytes, etag: '"1"', headers: {} });
  archive = await openZip(s3Source({ client: s3.client(), bucket: 'in', key: 'a.zip' }));
  options = {
    archive,
    destination: {
      uploader: new IdempotentUploader({ client: s3.client(), partSizeBytes: 5 * 1024 * 1024 }),
      bucket: 'out',
      prefix: 'p/',
    },
  };
}

function expectComplete(): void {
  for (const { name, content = '' } of specs.slice(1)) {
    expect(s3.objects.get(`out/p/${String(name)}`)?.body.equals(Buffer.from(content))).toBe(true);
  }
  expect(s3.uploads.size).toBe(0);
}

test('stores every file and says so', async () => {
  const manifest = await extractTo(options);
  expectComplete();
  expect(manifest.stored).toHaveLength(601);
  expect(manifest.skipped).toEqual([{ name: 'dir/', reason: 'a directory' }]);
  expect(manifest.refused).toEqual([]);
  expect(manifest.stored).toContainEqual(
    expect.objectContaining({ name: 'large.bin', key: 'p/large.bin', outcome: 'created', bytes: large.length }),
  );
});

test('stores selected entries and reports why the others are skipped', async () => {
  const manifest = await extractTo({
    ...options,
    select: ({ name }) => name === 'dir/7.json' || (name === 'large.bin' && 'too large for the mail'),
  });
  expect(manifest.stored.map(({ key }) => key)).toEqual(['p/dir/7.json']);
  expect(manifest.skipped).toContainEqual({ name: 'large.bin', reason: 'too large for the mail' });
  expect(manifest.skipped).toContainEqual({ name: 'dir/8.json', reason: 'not selected' });
});

test('without a manifest, a second run asks what stands and reads no entry', async () => {
  await extractTo(options);
  s3.forget();
  const again = await extractTo(options);
  expect(again.stored.every(({ outcome }) => outcome === 'unchanged')).toBe(true);
  expect(new Set(s3.requests.map(({ action }) => action))).toEqual(new Set(['HeadObject']));
});

test('with a manifest, a second run reads the manifest, looks for a page that was left behind, and that is all', async () => {
  const first = await extractTo({ ...options, manifest: { key: 'jobs/1' } });
  expect([...s3.objects.keys()].filter((key) => key.startsWith('out/jobs/'))).toEqual(['out/jobs/1']);
  s3.forget();
  expect(await extractTo({ ...options, manifest: { key: 'jobs/1' } })).toEqual(first);
  expect(s3.requests.map(({ action, key }) => [action, key])).toEqual([
    ['GetObject', 'jobs/1'],
    ['GetObject', 'jobs/1.part/0'],
  ]);
});

test('a second run removes the pages of a job that was killed between its manifest and their removal', async () => {
  const few = {
    ...options,
    manifest: { key: 'jobs/1' },
    select: ({ name }: { name: string }) => name.startsWith('dir/1'),
  };
  const first = await extractTo(few);
  for (const page of [0, 1, 2]) {
    s3.objects.set(`out/jobs/1.part/${page}`, { body: Buffer.from('{}'), etag: '"p"', headers: {} });
  }
  expect(await extractTo(few)).toEqual(first);
  expect([...s3.objects.keys()].filter((key) => key.startsWith('out/jobs/'))).toEqual(['out/jobs/1']);
});

test('pages of an earlier archive go with those of this one', async () => {
  for (const page of [0, 1, 2, 3]) {
    s3.objects.set(`out/jobs/1.part/${page}`, {
      body: Buffer.from('{"fingerprint":"other"}'),
      etag: '"p"',
      headers: {},
    });
  }
  await extractTo({ ...options, manifest: { key: 'jobs/1' }, select: ({ name }) => name === 'dir/1.json' });
  expect([...s3.objects.keys()].filter((key) => key.startsWith('out/jobs/'))).toEqual(['out/jobs/1']);
});

test('a small job looks once for a manifest and once for a page, and not again for what is not there', async () => {
  await extractTo({ ...options, manifest: { key: 'jobs/1' }, select: ({ name }) => name === 'dir/1.json' });
  expect(
    s3.requests.map(({ action, key }) => `${action} ${key}`).filter((request) => !request.includes('a.zip')),
  ).toEqual(['GetObject jobs/1', 'GetObject jobs/1.part/0', 'PutObject p/dir/1.json', 'PutObject jobs/1']);
});

test('something else under the key of the manifest is written over', async () => {
  s3.objects.set('out/jobs/1', { body: Buffer.from('{}'), etag: '"m"', headers: {} });
  const { stored } = await extractTo({
    ...options,
    manifest: { key: 'jobs/1' },
    select: ({ name }) => name === 'dir/1.json',
  });
  expect(stored).toHaveLength(1);
});

test('fails with a StorageError when the manifest cannot be read', async () => {
  s3.fault = ({ key }) => (key === 'jobs/1' ? { status: 400, code: 'InvalidRequest' } : undefined);
  await expect(extractTo({ ...options, manifest: { key: 'jobs/1' } })).rejects.toMatchObject({
    code: 'ERR_STORAGE_FAILED',
    bucket: 'out',
    key: 'jobs/1',
  });
});

test('a manifest of another archive does not count', async () => {
  await extractTo({ ...options, manifest: { key: 'jobs/1' } });
  await archive.close();
  await arrange(buildZip([{ name: 'other.txt', content: 'other' }]).bytes);
  const manifest = await extractTo({ ...options, manifest: { key: 'jobs/1' } });
  expect(manifest.stored.map(({ name }) => name)).toEqual(['other.txt']);
});

test('after a stop, the next attempt sends and asks only for what is missing', async () => {
  const stop = new AbortController();
  s3.fault = ({ action, count }) => {
    if (action === 'PutObject' && count === 550) {
      stop.abort(new Error('lease lost'));
    }
    return undefined;
  };
  await expect(extractTo({ ...options, manifest: { key: 'jobs/1' }, signal: stop.signal })).rejects.toThrow(
    'lease lost',
  );
  const stood = [...s3.objects.keys()].filter((key) => key.startsWith('out/p/')).length;
  s3.fault = () => undefined;
  s3.forget();
  const manifest = await extractTo({ ...options, manifest: { key: 'jobs/1' } });
  expectComplete();
  expect(manifest.stored).toHaveLength(601);
  const entryRequests = s3.requests.filter(({ key }) => key.startsWith('p/'));
  expect(entryRequests.length).toBeLessThan(601 - stood + 60);
});

test('records what is refused and stores the rest', async () => {
  await archive.close();
  await arrange(
    buildZip([
      { name: 'good.txt', content: 'good' },
      { name: '../evil.txt', content: 'evil' },
      { name: 'damaged.txt', content: 'damaged', central: { crc32: 1 }, local: { crc32: 1 } },
    ]).bytes,
  );
  const manifest = await extractTo(options);
  expect(manifest.stored.map(({ name }) => name)).toEqual(['good.txt']);
  expect(manifest.refused.map(({ name, code }) => [name, code])).toEqual([
    ['../evil.txt', 'ERR_ZIP_NAME_ESCAPES'],
    ['damaged.txt', 'ERR_ZIP_CRC'],
  ]);
});

test('a name that makes too long a key, or the key of the manifest, is refused and does not stand in the way', async () => {
  await archive.close();
  const long = `${'l'.repeat(250)}/`.repeat(4);
  await arrange(
    buildZip([
      { name: 'good.txt', content: 'good' },
      { name: `${long}${'x'.repeat(1_023 - long.length)}`, content: 'long' },
      { name: 'jobs/1', content: 'a manifest' },
      { name: 'jobs/1.part/0', content: 'a page' },
    ]).bytes,
  );
  const { stored, refused } = await extractTo({ ...options, manifest: { key: 'p/jobs/1' } });
  expect(stored.map(({ name }) => name)).toEqual(['good.txt']);
  expect(refused.map(({ code }) => code)).toEqual([
    'ERR_ZIP_NAME_TOO_LONG',
    'ERR_ZIP_NAME_RESERVED',
    'ERR_ZIP_NAME_RESERVED',
  ]);
});

test('stops looking at what stands after the first failure', async () => {
  s3.fault = ({ action }) => (action === 'HeadObject' ? { status: 400, code: 'InvalidRequest' } : undefined);
  await expect(extractTo(options)).rejects.toMatchObject({ code: 'ERR_STORAGE_FAILED' });
  const looks = s3.requests.length;
  expect(looks).toBeLessThanOrEqual(2 * 16);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(s3.requests.length).toBe(looks);
});

test('fails with what stopped it, also when the last page cannot be written', async () => {
  const stop = new AbortController();
  s3.fault = ({ action, key, count }) => {
    if (action === 'PutObject' && count === 50) {
      stop.abort(new Error('lease lost'));
    }
    return key.startsWith('jobs/') && action === 'PutObject' ? { status: 400, code: 'InvalidRequest' } : undefined;
  };
  await expect(extractTo({ ...options, manifest: { key: 'jobs/1' }, signal: stop.signal })).rejects.toThrow(
    'lease lost',
  );
});

test('fails on refused entries when configured, before anything is stored', async () => {
  await archive.close();
  await arrange(
    buildZip([
      { name: 'good.txt', content: 'good' },
      { name: '../evil.txt', content: 'evil' },
    ]).bytes,
  );
  await expect(extractTo({ ...options, whenRefused: 'fail' })).rejects.toMatchObject({
    code: 'ERR_ZIP_NAME_ESCAPES',
    entry: '../evil.txt',
  });
  expect(s3.count('PutObject')).toBe(0);
});
