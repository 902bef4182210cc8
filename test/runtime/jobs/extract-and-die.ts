import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { openZip, s3Source } from '../../../src/runtime/archive/index.js';
import { extractTo } from '../../../src/runtime/jobs/extract-to.js';
import { IdempotentUploader } from '../../../src/runtime/storage/index.js';

/** The process that kills.test.ts kills: one job, started with the configuration of its client and its name. */
async function main(): Promise<void> {
  const [config = '', job = ''] = process.argv.slice(2);
  const client = new S3Client(JSON.parse(config) as S3ClientConfig);
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
