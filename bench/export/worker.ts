// The handler of download tasks, as a container runs it.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { createLogger, runWorker } from 'fileworks-runtime';
import { DynamoMetadata } from 'fileworks-runtime/archive';
import { DownloadTaskHandler, ExportApiClient, ExportJobStore } from 'fileworks-runtime/exports';
import { IdempotentUploader } from 'fileworks-runtime/storage';
import { Progress, run } from './progress.ts';
import { PARALLEL } from './run.ts';

const { config, baseUrl, bucket } = run;
Object.assign(process.env, {
  AWS_REGION: config.region,
  AWS_ENDPOINT_URL: config.endpoint,
  AWS_ACCESS_KEY_ID: config.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: config.credentials.secretAccessKey,
  AWS_SESSION_TOKEN: config.credentials.sessionToken,
});
const dynamoDb = new DynamoDBClient(config);
const downloads = new DownloadTaskHandler({
  api: new ExportApiClient({ baseUrl }),
  store: new ExportJobStore({ client: dynamoDb, tableName: run.jobsTable }),
  uploader: new IdempotentUploader({ client: new S3Client(config) }),
  bucket,
  // All archives of the bench have the same entry names: metadata of an earlier archive must not be reused.
  metadata: new DynamoMetadata({
    client: dynamoDb,
    tableName: run.metadataTable,
    nameAttribute: 'name',
    cacheEntries: 0,
  }),
});
const progress = new Progress();
await runWorker(
  async (job, context) => {
    await downloads.handle(job, context);
    if (progress.add()) {
      process.kill(process.pid, 'SIGTERM');
    }
  },
  {
    logger: createLogger({ level: 'warn' }),
    // A long poll is not aborted, and would keep the process alive after the last file.
    receive: { waitTimeSeconds: 2 },
    env: {
      FILEWORKS_QUEUE_URL: run.queueUrl,
      FILEWORKS_CONCURRENCY: String(PARALLEL),
      FILEWORKS_VISIBILITY_TIMEOUT_SECONDS: '60',
      FILEWORKS_SCALE_IN_PROTECTION: 'disabled',
    },
  },
);
