import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type BatchHandler, runBatch } from 'fileworks-runtime/batch';
import { IdempotentUploader } from 'fileworks-runtime/storage';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { columns, readOrders } from './orders.ts';
import { RejectFile } from './reject-file.ts';

const concurrency = 2;
const client = new S3Client({});
const uploader = new IdempotentUploader({ client });
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: concurrency });
// An idle connection that breaks is replaced; a broken one in use fails its file
pool.on('error', () => undefined);

const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;

// Validates each CSV file of the batch, and copies its clean rows into the table: all of them or none, and once
const load: BatchHandler = async ({ bucket, key, etag }, { signal }) => {
  const name = key.replace(/^.*?incoming\//, '').replace(/\.csv$/, '');
  const database = await pool.connect();
  let broken: Error | undefined;
  let rejects: RejectFile | undefined;
  try {
    const before = await database.query<{ rows: number; rejected: number }>(
      'SELECT rows, rejected FROM loaded_files WHERE key = $1 AND etag = $2',
      [key, etag],
    );
    if (before.rows.length > 0) {
      return before.rows[0];
    }
    await database.query('BEGIN');
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag }), {
      abortSignal: signal,
    });
    rejects = new RejectFile(uploader, {
      bucket: process.env.CLEAN_BUCKET ?? '',
      key: `rejects/${name}.jsonl`,
      signal,
    });
    const file = rejects;
    let rows = 0;
    await pipeline(
      async function* lines() {
        for await (const orders of readOrders(Body as Readable, file.add)) {
          rows += orders.length;
          yield orders.map((order) => `${columns.map((column) => quoted(order[column])).join()}\n`).join('');
        }
      },
      database.query(copyFrom(`COPY orders (${columns.join()}) FROM STDIN (FORMAT csv)`)),
      { signal },
    );
    await rejects.close();
    // The key of a file is unique: a second worker that loads it at the same time fails here, with all its rows
    const outcome = { rows, rejected: rejects.count };
    await database.query('INSERT INTO loaded_files (key, etag, rows, rejected) VALUES ($1, $2, $3, $4)', [
      key,
      etag,
      outcome.rows,
      outcome.rejected,
    ]);
    await database.query('COMMIT');
    return outcome;
  } catch (error) {
    broken = error as Error;
    rejects?.abandon(error);
    throw error;
  } finally {
    // Closing the connection rolls back an open transaction
    database.release(broken);
  }
};

await runBatch(load, { concurrency });
