// The other worker: one process that consumes the queue and gives each file to one of its threads.
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { SQSClient, type Message } from '@aws-sdk/client-sqs';
import { Consumer } from 'sqs-consumer';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Progress, run } from './progress.ts';
import { PARALLEL } from './run.ts';

export interface Task {
  readonly url: string;
  readonly prefix: string;
}

const idle: Worker[] = [];
const waiting: ((thread: Worker) => void)[] = [];

function release(thread: Worker): void {
  const next = waiting.shift();
  if (next === undefined) {
    idle.push(thread);
  } else {
    next(thread);
  }
}

async function inThread(task: Task): Promise<void> {
  const thread = idle.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
  try {
    thread.postMessage(task);
    const [{ error }] = (await once(thread, 'message')) as [{ error?: string }];
    if (error !== undefined) {
      throw new Error(error);
    }
  } finally {
    release(thread);
  }
}

const threads = Array.from(
  { length: PARALLEL },
  () => new Worker(join(import.meta.dirname, 'option-1-thread.ts'), { workerData: run }),
);
await Promise.all(threads.map((thread) => once(thread, 'message')));
threads.forEach(release);
const progress = new Progress();
const dynamoDb = new DynamoDBClient(run.config);
const consumer = Consumer.create({
  queueUrl: run.queueUrl,
  sqs: new SQSClient(run.config),
  batchSize: 10,
  visibilityTimeout: 60,
  heartbeatInterval: 20,
  handleMessage: async (message: Message) => {
    const {
      payload: { jobId, file },
    } = JSON.parse(message.Body ?? '') as { payload: { jobId: string; file: { id: string; url: string } } };
    await inThread({ url: new URL(file.url, run.baseUrl).href, prefix: `entries/${jobId}/${file.id}/` });
    await dynamoDb.send(
      new UpdateItemCommand({
        TableName: run.jobsTable,
        Key: { pk: { S: jobId }, sk: { S: 'COUNT' } },
        UpdateExpression: 'ADD done :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
    progress.add();
    return message;
  },
});
// A message that was handled is deleted a moment later, and would come again if the process ended in between.
let deleted = 0;
consumer.on('message_processed', () => {
  deleted += 1;
  if (deleted === run.files) {
    process.exit(0);
  }
});
consumer.on('error', console.error).on('processing_error', console.error);
consumer.start();
