import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { runObjectTask } from 'fileworks-runtime';
import { IdempotentUploader } from 'fileworks-runtime/storage';

const client = new S3Client({});
const uploader = new IdempotentUploader({ client });
const results = process.env.RESULTS_BUCKET ?? '';

// Counts the records of one JSON Lines file; an invalid line fails the task
await runObjectTask(async ({ object }, { signal, log }) => {
  const { bucket, key, versionId } = object;
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }), {
    abortSignal: signal,
  });
  const body = Body as Readable;
  const sha256 = createHash('sha256');
  body.on('data', (chunk: Buffer) => sha256.update(chunk));
  let records = 0;
  for await (const line of createInterface({ input: body, crlfDelay: Infinity })) {
    if (line === '') {
      continue;
    }
    JSON.parse(line);
    records += 1;
  }
  // The key contains the version: an overwritten file has another key, and a second run stores the same
  const summary = { key, versionId, records, sha256: sha256.digest('hex') };
  const { outcome } = await uploader.put({
    bucket: results,
    key: `summaries/${key.replace(/^in\//, '')}@${versionId ?? ''}.json`,
    body: Buffer.from(JSON.stringify(summary)),
    contentType: 'application/json',
    signal,
  });
  log.info({ records, outcome }, 'file summarized');
});
