// Both services of an export: a job has one file, whose only entry is its result. What it prints is evidence.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { runWorker, type JobHandler } from 'fileworks-runtime';
import { type ArchiveEntry, DynamoMetadata } from 'fileworks-runtime/archive';
import {
  cursorPages,
  type DownloadTask,
  DownloadTaskHandler,
  eventBridgeEvents,
  ExportApiClient,
  ExportEventType,
  ExportJobHandler,
  ExportJobStore,
  type ExportFile,
  type FileList,
  type PublishExportEvent,
  readExportEnvironment,
  SecretCredentials,
  ServiceMode,
} from 'fileworks-runtime/exports';
import { IdempotentUploader } from 'fileworks-runtime/storage';
import { print, requestHandler } from './work.ts';

const { CELL = '', API_URL = '' } = process.env;
const environment = readExportEnvironment();
const { mode, name, apiSecretId, jobTableName, eventBusName } = environment;

class Exports extends ExportJobHandler {
  protected override list(jobId: string): FileList {
    return { address: `jobs/${jobId}`, pagination: cursorPages() };
  }

  protected override fileOf(item: unknown): ExportFile {
    return item as ExportFile;
  }
}

class Downloads extends DownloadTaskHandler {
  protected override keyOf(_: ArchiveEntry, { jobId }: DownloadTask): string {
    return jobId;
  }

  /** Each entry, once its metadata were read. */
  protected override select(): boolean {
    return true;
  }
}

const client = new DynamoDBClient({ requestHandler });
const api = new ExportApiClient({
  baseUrl: `${API_URL}/${CELL}/`,
  ...(apiSecretId !== undefined && {
    credentials: new SecretCredentials({ client: new SecretsManagerClient({ requestHandler }), secretId: apiSecretId }),
  }),
});
const publishEvent = eventBridgeEvents({
  client: new EventBridgeClient({ requestHandler }),
  eventBusName,
  service: name,
});
const publish: PublishExportEvent = async (type, event) => {
  await publishEvent(type, event);
  if (type === ExportEventType.completed) {
    print('done', event.jobId);
  }
};
const common = { api, store: new ExportJobStore({ client, tableName: jobTableName }), publish };

const handle: JobHandler =
  mode === ServiceMode.orchestrator
    ? new Exports({
        ...common,
        sqs: new SQSClient({ requestHandler }),
        downloadQueueUrl: environment.downloadQueueUrl,
      }).handle
    : new Downloads({
        ...common,
        bucket: environment.outputBucket,
        prefix: environment.outputPrefix,
        uploader: new IdempotentUploader({ client: new S3Client({ requestHandler }) }),
        metadata: new DynamoMetadata({ client, tableName: environment.metadataTableName, nameAttribute: 'name' }),
      }).handle;

await runWorker((job, context) => {
  print('call', job.id);
  return handle(job, context);
});
