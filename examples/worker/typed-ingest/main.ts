import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { createLogger } from 'fileworks-runtime';
import { runFileTask } from 'fileworks-runtime/dispatch';
import { IdempotentUploader } from 'fileworks-runtime/storage';
import { appendToHistory } from './history.ts';
import { summarize } from './summary.ts';

const s3 = new S3Client({});
const dynamodb = new DynamoDBClient({});
const uploader = new IdempotentUploader({ client: s3 });
const results = process.env.RESULTS_BUCKET ?? '';
const history = process.env.HISTORY_TABLE ?? '';

process.exitCode = await runFileTask(
  async ({ object, type, fence, attempt, signal, skip, logger }) => {
    logger.info({ type, attempt, fence }, 'file begun');
    const summary = await summarize(s3, object, signal);
    if (summary === undefined) {
      skip('the object is gone');
      return undefined;
    }
    const body = Buffer.from(JSON.stringify({ key: object.key, ...summary }));
    await uploader.put({
      bucket: results,
      key: `summaries/${object.key}.json`,
      body,
      contentType: 'application/json',
      ifDifferent: 'replace',
      signal,
    });
    const customer = /^incoming\/a\/([^/]+)\//.exec(object.key)?.[1];
    if (customer !== undefined) {
      await appendToHistory({
        client: dynamodb,
        table: history,
        customer,
        object,
        sha256: summary.sha256,
        fence,
        signal,
      });
    }
    logger.info({ type, attempt, fence, ...summary }, 'file done');
    return summary;
  },
  { logger: createLogger() },
);
