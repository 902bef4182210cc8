// One uploader in a process of its own: `node peer.ts <work> <endpoint>`; prints one line of JSON.
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { extractTo, openZip, s3Source } from 'fileworks-runtime/archive';
import { IdempotentUploader } from 'fileworks-runtime/storage';
import { Readable } from 'node:stream';
import { Meter } from '../support/meter.ts';

const PART_BYTES = 8 * 1024 * 1024;
const GIGABYTE = 1024 ** 3;

const [work = '', endpoint = ''] = process.argv.slice(2);
const client = new S3Client({
  endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
});

/** A gigabyte in pieces of 64 KiB, like an entry of an archive or a download. */
async function* gigabyte(): AsyncGenerator<Buffer, void, void> {
  const piece = Buffer.alloc(64 * 1024, 'fileworks ');
  for (let sent = 0; sent < GIGABYTE; sent += piece.length) {
    yield await Promise.resolve(piece);
  }
}

async function extract(manifest?: { key: string }): Promise<void> {
  const archive = await openZip(s3Source({ client, bucket: 'in', key: 'small10k.zip' }));
  const { stored } = await extractTo({
    archive,
    destination: { uploader: new IdempotentUploader({ client }), bucket: 'out' },
    ...(manifest && { manifest }),
  });
  await archive.close();
  if (stored.length !== 10_000) {
    throw new Error(`stored ${stored.length}`);
  }
}

const works: Record<string, () => Promise<unknown>> = {
  extract: () => extract(),
  'extract with manifest': () => extract({ key: 'manifests/bench' }),
  'fileworks 1 GB': () =>
    new IdempotentUploader({ client, partSizeBytes: PART_BYTES }).put({
      bucket: 'out',
      key: 'ours',
      body: gigabyte,
      size: GIGABYTE,
    }),
  'lib-storage 1 GB': () =>
    new Upload({
      client,
      partSize: PART_BYTES,
      queueSize: 4,
      params: {
        Bucket: 'out',
        Key: 'theirs',
        Body: Readable.from(gigabyte(), { objectMode: false }),
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'FULL_OBJECT',
      },
    }).done(),
};
const run = works[work] as (() => Promise<unknown>) | undefined;
if (run === undefined) {
  throw new Error(`which work? one of ${Object.keys(works).join(', ')}`);
}
const meter = new Meter();
await run();
console.log(JSON.stringify(meter.read()));
