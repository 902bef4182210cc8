import type { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { runBatch } from 'fileworks-runtime/batch';
import { IdempotentUploader } from 'fileworks-runtime/storage';
import { readOrders } from './orders.ts';
import { RejectFile } from './reject-file.ts';

const client = new S3Client({});
const uploader = new IdempotentUploader({ client });
const cleanBucket = process.env.CLEAN_BUCKET ?? '';

// Validates each CSV file of the batch, and stores clean rows as JSON Lines and rejected rows in a second file
await runBatch(
  async ({ bucket, key, etag }, { signal }) => {
    const name = key.replace(/^.*?incoming\//, '').replace(/\.csv$/, '');
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag }), {
      abortSignal: signal,
    });
    const rejects = new RejectFile(uploader, { bucket: cleanBucket, key: `rejects/${name}.jsonl`, signal });
    let rows = 0;
    async function* lines() {
      for await (const orders of readOrders(Body as Readable, rejects.add)) {
        rows += orders.length;
        if (orders.length > 0) {
          yield Buffer.from(orders.map((order) => `${JSON.stringify(order)}\n`).join(''));
        }
      }
    }
    try {
      // The name follows from the file: a second run stores the same, and a corrected file replaces the result
      const target = { bucket: cleanBucket, key: `clean/${name}.jsonl`, contentType: 'application/x-ndjson' };
      await uploader.put({ ...target, body: lines(), ifDifferent: 'replace', lookFirst: false, resume: false, signal });
      await rejects.close();
    } catch (error) {
      rejects.abandon(error);
      throw error;
    }
    return { rows, rejected: rejects.count };
  },
  { concurrency: 4 },
);
