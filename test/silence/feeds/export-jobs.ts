import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { LocalCloud } from 'fileworks-local';
import { Archives } from '../../../examples/worker/export-api/archives';
import { ExportApi } from '../../../examples/worker/export-api/server';
import type { ExportJobEvent } from '../../../src/contract/export-contract';
import { zip } from '../../e2e/support/zip';
import type { Deployment } from '../deployments';
import type { Feed } from '../player';

const TOKEN = 'token';
const QUEUES = ['ExportQueue', 'HighPriorityExportQueue', 'LowPriorityExportQueue'] as const;

/** export-service: a job with one file, in one queue after the other. It is done when its event is received. */
export async function exportJobs(): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-silence-exports-'));
  const archive = join(folder, 'archive.zip');
  writeFileSync(archive, zip(1, 'entry'));
  const api = await ExportApi.listen({ archives: await Archives.of([archive]), filesOf: () => 1, token: TOKEN });
  return {
    options: {
      build: ['npm', 'run', 'build'],
      command: ['node', 'dist/main.js'],
      adapt: (template) => template.replaceAll('https://export-api.example.com/', api.url),
    },
    feed,
    async stop() {
      await api.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function feed(cloud: LocalCloud): Promise<Feed> {
  const outputs = cloud.outputs('ExportService');
  const sqs = new SQSClient(cloud.clientConfig());
  const dynamodb = new DynamoDBClient(cloud.clientConfig());
  const secrets = new SecretsManagerClient(cloud.clientConfig());
  await secrets.send(new PutSecretValueCommand({ SecretId: outputs.ApiTokenSecret, SecretString: TOKEN }));
  secrets.destroy();
  const approved = { name: { S: 'folder/0.txt' }, status: { S: 'approved' } };
  await dynamodb.send(new PutItemCommand({ TableName: outputs.MetadataTable, Item: approved }));
  dynamodb.destroy();
  const completed = new Set<string>();
  const QueueUrl = outputs.CompletedQueue;
  const receive = async () => {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    for (const { Body: body, ReceiptHandle } of messages) {
      completed.add((JSON.parse(body!) as { readonly detail: ExportJobEvent }).detail.jobId);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    return messages.length;
  };
  return {
    everyMinutes: 1,
    async send(index) {
      const job = { fileworksJob: 1, type: 'ExportJob', payload: { version: 1, jobIds: [`job-${index}`] } };
      const queue = outputs[QUEUES[index % QUEUES.length]];
      await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: JSON.stringify(job) }));
    },
    async isDone(index) {
      while (!completed.has(`job-${index}`) && (await receive()) > 0) {
        // Until none waits
      }
      return completed.has(`job-${index}`);
    },
  };
}
