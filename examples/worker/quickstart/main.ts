import { S3Client } from '@aws-sdk/client-s3';
import { PoisonMessage, runWorker } from 'fileworks-runtime';
import { extractTo, openZip, s3Source } from 'fileworks-runtime/archive';
import { IdempotentUploader } from 'fileworks-runtime/storage';

const client = new S3Client({});
const uploader = new IdempotentUploader({ client });
const results = process.env.RESULTS_BUCKET ?? '';

await runWorker(async ({ object }, { signal, log }) => {
  if (!object) {
    throw new PoisonMessage('the message names no object');
  }
  const name = object.key.replace(/^incoming\//, '');
  const archive = await openZip(s3Source({ client, bucket: object.bucket, key: object.key }));
  const { stored, skipped } = await extractTo({
    archive,
    destination: { uploader, bucket: results, prefix: `entries/${name}/` },
    manifest: { key: `manifests/${name}.json` },
    whenRefused: 'fail', // send a damaged archive to the dead-letter queue instead of storing half of it
    signal,
  });
  log.info({ stored: stored.length, skipped: skipped.length }, 'archive unpacked');
});
