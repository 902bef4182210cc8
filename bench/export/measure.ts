import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { LocalCloud } from 'fileworks-local';
import { type JobMessage } from 'fileworks-runtime';
import { ExportJobStore } from 'fileworks-runtime/exports';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FileServer } from '../support/file-server.ts';
import type { Cost } from '../support/meter.ts';
import { type Resources, startCloud } from './cloud.ts';
import type { Run } from './run.ts';

const start = promisify(execFile);

export interface Measured extends Cost {
  /** Downloaded. */
  readonly bytes: number;
  /** Of AWS APIs. */
  readonly calls: number;
}

/** A local cloud, on which one worker after the other processes the same archive. */
export class ExportBench {
  readonly #cloud: LocalCloud;
  readonly #resources: Resources;
  readonly #s3: S3Client;
  readonly #sqs: SQSClient;
  readonly #dynamoDb: DynamoDBClient;
  #jobs = 0;

  private constructor(cloud: LocalCloud, resources: Resources) {
    this.#cloud = cloud;
    this.#resources = resources;
    this.#s3 = new S3Client(cloud.clientConfig());
    this.#sqs = new SQSClient(cloud.clientConfig());
    this.#dynamoDb = new DynamoDBClient(cloud.clientConfig());
  }

  static async start(folder: string): Promise<ExportBench> {
    const { cloud, resources } = await startCloud(folder);
    return new ExportBench(cloud, resources);
  }

  stop(): Promise<void> {
    return this.#cloud.stop();
  }

  /**
   * Runs a worker, in a process of its own, that processes `files` times an archive of which the first `wanted` entries
   * have metadata.
   */
  async measure(archive: string, wanted: number, files: number): Promise<Measured> {
    const jobId = `job-${(this.#jobs += 1)}`;
    const server = await FileServer.start(archive);
    await this.#writeMetadata(wanted);
    await this.#dispatch(jobId, files);
    const before = this.#cloud.calls().length;
    const run: Run = { ...this.#resources, jobId, files, config: this.#cloud.clientConfig(), baseUrl: server.url };
    const { stdout, stderr } = await start(
      process.execPath,
      ['--no-warnings', join(import.meta.dirname, 'worker.ts'), JSON.stringify(run)],
      { timeout: 300_000 },
    );
    server.stop();
    const calls = this.#cloud.calls().length - before;
    const stored = await this.#empty(`entries/${jobId}/`);
    await this.#empty('manifests/');
    if (stored !== wanted * files) {
      throw new Error(`the worker stored ${stored} of ${wanted * files} entries: ${stderr}`);
    }
    const line = stdout.split('\n').find((one) => one.includes('"cpuSeconds"')) ?? '';
    return { ...(JSON.parse(line) as Cost), bytes: server.bytes, calls };
  }

  async #writeMetadata(wanted: number): Promise<void> {
    const { metadataTable } = this.#resources;
    for (let at = 0; at < 100; at += 25) {
      const requests = Array.from({ length: 25 }, (_, i) => {
        const name = { S: `2026/11/record-${at + i}.bin` };
        return at + i < wanted
          ? { PutRequest: { Item: { name, status: { S: 'approved' } } } }
          : { DeleteRequest: { Key: { name } } };
      });
      await this.#dynamoDb.send(new BatchWriteItemCommand({ RequestItems: { [metadataTable]: requests } }));
    }
  }

  /** Stores a job as an orchestrator does: all of its files are registered, with a message for each. */
  async #dispatch(jobId: string, files: number): Promise<void> {
    const { jobsTable, queueUrl } = this.#resources;
    const store = new ExportJobStore({ client: this.#dynamoDb, tableName: jobsTable });
    await store.begin(jobId, 'bench');
    const numbers = await store.register(
      jobId,
      Array.from({ length: files }, (_, i) => String(i)),
    );
    await store.close(jobId);
    const messages = [...numbers].map(([id, number]): JobMessage => ({
      fileworksJob: 1,
      type: 'DownloadTask',
      correlationId: 'bench',
      payload: { version: 1, jobId, number, file: { id, url: `files/${id}` } },
    }));
    for (let at = 0; at < messages.length; at += 10) {
      const Entries = messages
        .slice(at, at + 10)
        .map((message, i) => ({ Id: String(i), MessageBody: JSON.stringify(message) }));
      await this.#sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  }

  /** @returns the number of objects deleted */
  async #empty(prefix: string): Promise<number> {
    const { bucket: Bucket } = this.#resources;
    let count = 0;
    for (;;) {
      const { Contents = [] } = await this.#s3.send(new ListObjectsV2Command({ Bucket, Prefix: prefix }));
      if (Contents.length === 0) {
        return count;
      }
      await this.#s3.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })) } }),
      );
      count += Contents.length;
    }
  }
}
