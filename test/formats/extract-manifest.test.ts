import type { Json, Records } from './support/fixtures';
import { describeFormat } from './support/stored-format';
import { openZip, s3Source } from '../../src/runtime/archive/index.js';
import { extractTo } from '../../src/runtime/jobs/extract-to.js';
import { IdempotentUploader } from '../../src/runtime/storage/index.js';
import { S3Stub } from '../support/s3-stub';
import { buildZip } from '../support/zip-builder';

const MANIFEST = 'out/jobs/1';
const names = ['a', 'b', 'c', 'd'].map((name) => `${name}.json`);
const { bytes } = buildZip([{ name: 'dir/', method: 0 }, ...names.map((name) => ({ name, content: `"${name}"` }))]);

let s3: S3Stub;

beforeEach(async () => {
  s3 = await S3Stub.start();
  s3.objects.set('in/a.zip', { body: bytes, etag: '"1"', headers: {} });
});
afterEach(() => s3.stop());

async function extract() {
  const archive = await openZip(s3Source({ client: s3.client(), bucket: 'in', key: 'a.zip' }));
  try {
    const uploader = new IdempotentUploader({ client: s3.client() });
    return await extractTo({
      archive,
      destination: { uploader, bucket: 'out', prefix: 'p/' },
      select: ({ name }) => name !== 'd.json' || 'not needed',
      manifest: { key: 'jobs/1' },
      concurrency: 1,
    });
  } finally {
    await archive.close();
  }
}

const stored = (key: string) => JSON.parse(s3.objects.get(key)!.body.toString()) as Json;
const store = (key: string, value: Json) =>
  s3.objects.set(key, { body: Buffer.from(JSON.stringify(value)), etag: '"m"', headers: {} });
const changes = () =>
  s3.requests.filter(({ action }) => action !== 'GetObject' && action !== 'HeadObject').map(({ key }) => key);

describeFormat({
  name: 'extract-manifest',
  async write(): Promise<Records> {
    s3.fault = ({ action, key }) =>
      action === 'PutObject' && key === 'p/c.json' ? { status: 400, code: 'InvalidRequest' } : undefined;
    await expect(extract()).rejects.toThrow('InvalidRequest');
    const page = stored(`${MANIFEST}.part/0`);
    s3.fault = () => undefined;
    await extract();
    return { page, manifest: stored(MANIFEST) };
  },
  async read({ page, manifest }) {
    // Continues after the entries of the page
    store(`${MANIFEST}.part/0`, page);
    const continued = await extract();
    expect(changes()).toEqual(['p/c.json', 'jobs/1', 'jobs/1.part/0']);
    expect(continued.stored.map(({ name }) => name)).toEqual(names.slice(0, 3));

    // Returns the manifest, and stores nothing
    store(MANIFEST, manifest);
    s3.forget();
    expect(await extract()).toEqual(manifest);
    expect(changes()).toEqual([]);
  },
});

test('refuses a manifest of a newer version, and keeps it', async () => {
  store(MANIFEST, { version: 2, moved: {} });
  await expect(extract()).rejects.toMatchObject({
    code: 'ERR_STORAGE_FORMAT',
    message: expect.stringContaining('version 2'),
  });
  expect(changes()).toEqual([]);
});
