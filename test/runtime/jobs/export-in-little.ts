import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import type { DownloadTask } from '../../../src/contract/export-contract.js';
import { ExportApiClient, ExportJobStore } from '../../../src/runtime/exports/index.js';
import { DownloadTaskHandler } from '../../../src/runtime/jobs/export/index.js';
import type { Job, JobContext } from '../../../src/runtime/queue/index.js';
import { IdempotentUploader } from '../../../src/runtime/storage/index.js';
import { silentLogger } from '../../../src/runtime/support/logger.js';
import { peakKiB } from '../../support/peak-memory.js';

/** What large-exports.test.ts has a worker do whose memory and disk it limits. */
export interface Errand {
  readonly apiUrl: string;
  readonly token: string;
  readonly s3: string;
  readonly dynamodb: string;
  readonly tableName: string;
  /** Payload of the message. */
  readonly task: DownloadTask;
  /** Entries that are wanted. */
  readonly wanted: readonly string[];
}

/** What it says at its end. */
export interface Report {
  /** Of the error that the handler ended with. */
  readonly code: string | undefined;
  /** The most memory that the process had, in bytes. */
  readonly peakBytes: number;
}

async function main({ apiUrl, token, s3, dynamodb, tableName, task, wanted }: Errand): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const handler = new (class extends DownloadTaskHandler {
    protected override select({ name }: { readonly name: string }) {
      return wanted.includes(name);
    }
  })({
    api: new ExportApiClient({
      baseUrl: apiUrl,
      credentials: {
        headers: () => Promise.resolve({ authorization: `Bearer ${token}` }),
        renew: () => Promise.resolve(false),
      },
    }),
    store: new ExportJobStore({
      client: new DynamoDBClient({ endpoint: dynamodb, region: 'local', credentials }),
      tableName,
    }),
    uploader: new IdempotentUploader({
      client: new S3Client({ endpoint: s3, region: 'us-east-1', forcePathStyle: true, credentials }),
    }),
    bucket: 'out',
  });
  const never = new AbortController().signal;
  const context = { signal: never, stopping: never, isLastAttempt: false, log: silentLogger } as unknown as JobContext;
  let code: string | undefined;
  try {
    await handler.handle({ body: task } as Job, context);
  } catch (error) {
    ({ code = 'unknown' } = error as { code?: string });
  }
  const report: Report = { code, peakBytes: peakKiB() * 1024 };
  process.stdout.write(JSON.stringify(report));
  process.exit();
}

void main(JSON.parse(process.argv[2]) as Errand);
