import { S3Client } from '@aws-sdk/client-s3';
import { openZip, s3Source } from '../../../src/runtime/archive/index.js';
import { extractTo } from '../../../src/runtime/jobs/extract-to.js';
import { IdempotentUploader } from '../../../src/runtime/storage/index.js';

/** The process that kills.test.ts kills: one job, started with the endpoint and the name of the job. */
async function main(): Promise<void> {
  const [endpoint = '', job = ''] = process.argv.slice(2);
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const archive = await openZip(s3Source({ client, bucket: 'kills-in', key: 'a.zip' }));
  const uploader = new IdempotentUploader({ client, partSizeBytes: 5 * 1024 * 1024 });
  const { stored } = await extractTo({
    archive,
    destination: { uploader, bucket: 'kills-out', prefix: `${job}/` },
    manifest: { key: `manifests/${job}` },
  });
  process.stdout.write(String(stored.length));
}

void main();
