import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { OnApplicationShutdown } from '@nestjs/common';
import { DynamoMetadata, type MetadataItem } from 'fileworks-runtime/archive';
import {
  type DownloadTaskHandlerOptions,
  eventBridgeEvents,
  ExportApiClient,
  type ExportEnvironment,
  type ExportJobHandlerOptions,
  ExportJobStore,
  ExportMetrics,
  SecretCredentials,
  SharedRateLimit,
} from 'fileworks-runtime/exports';
import { IdempotentUploader } from 'fileworks-runtime/storage';

/** The shared parts of both services: clients, the API, the store of jobs, metrics. */
export class ExportParts implements OnApplicationShutdown {
  readonly api: ExportApiClient;
  readonly #environment: ExportEnvironment;
  readonly #dynamodb = new DynamoDBClient({});
  readonly #sqs = new SQSClient({});
  readonly #common: Pick<ExportJobHandlerOptions, 'api' | 'store' | 'publish' | 'metrics'>;
  readonly #metrics: ExportMetrics;

  constructor(environment: ExportEnvironment) {
    const {
      name,
      apiUrl = '',
      downloadOrigins,
      apiSecretId,
      apiRequestsPerSecond: perSecond,
      jobTableName: tableName,
      eventBusName,
    } = environment;
    const client = this.#dynamodb;
    const metrics = new ExportMetrics(name);
    const api = new ExportApiClient({
      baseUrl: apiUrl,
      downloadOrigins,
      ...(apiSecretId !== undefined && {
        credentials: new SecretCredentials({ client: new SecretsManagerClient({}), secretId: apiSecretId }),
      }),
      ...(perSecond !== undefined && {
        rateLimit: new SharedRateLimit({
          client,
          tableName,
          name,
          perSecond,
          burst: Math.max(1, Math.floor(perSecond)),
        }),
      }),
      onAnswer: metrics.onAnswer,
    });
    this.api = api;
    this.#environment = environment;
    this.#metrics = metrics;
    this.#common = {
      api,
      store: new ExportJobStore({ client, tableName }),
      publish: eventBridgeEvents({ client: new EventBridgeClient({}), eventBusName, service: name }),
      metrics,
    };
  }

  /** For the handler of export jobs. */
  get exportJobs(): ExportJobHandlerOptions {
    return { ...this.#common, sqs: this.#sqs, downloadQueueUrl: this.#environment.downloadQueueUrl };
  }

  /** For the handler of download tasks. */
  get downloadTasks(): DownloadTaskHandlerOptions<MetadataItem> {
    const { outputBucket: bucket, outputPrefix: prefix, metadataTableName: tableName } = this.#environment;
    return {
      ...this.#common,
      bucket,
      prefix,
      uploader: new IdempotentUploader({ client: new S3Client({}) }),
      metadata: new DynamoMetadata({ client: this.#dynamodb, tableName, nameAttribute: 'name' }),
    };
  }

  /** Runs after the poller has drained. */
  onApplicationShutdown(): void {
    this.#metrics.flush();
  }
}
