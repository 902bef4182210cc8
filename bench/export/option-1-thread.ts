// A thread of the other worker: the archive into a buffer, each wanted entry into another, and up with it.
import { BatchGetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import unzipper from 'unzipper';
import { parentPort, workerData } from 'node:worker_threads';
import type { Task } from './option-1.ts';
import type { Run } from './run.ts';

const { config, bucket, metadataTable } = workerData as Run;
const s3 = new S3Client(config);
const dynamoDb = new DynamoDBClient(config);

async function known(names: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let at = 0; at < names.length; at += 100) {
    const Keys = names.slice(at, at + 100).map((name) => ({ name: { S: name } }));
    const { Responses = {} } = await dynamoDb.send(
      new BatchGetItemCommand({ RequestItems: { [metadataTable]: { Keys } } }),
    );
    for (const { name } of Responses[metadataTable] ?? []) {
      found.add(name.S ?? '');
    }
  }
  return found;
}

async function work({ url, prefix }: Task): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`download: ${response.status}`);
  }
  const { files } = await unzipper.Open.buffer(Buffer.from(await response.arrayBuffer()));
  const wanted = await known(files.map(({ path }) => path));
  const chosen = files.filter(({ path }) => wanted.has(path));
  for (let at = 0; at < chosen.length; at += 8) {
    await Promise.all(
      chosen.slice(at, at + 8).map(async (file) => {
        const Body = await file.buffer();
        await new Upload({ client: s3, params: { Bucket: bucket, Key: `${prefix}${file.path}`, Body } }).done();
      }),
    );
  }
}

parentPort?.on('message', (task: Task) => {
  work(task).then(
    () => parentPort?.postMessage({}),
    (error: unknown) => parentPort?.postMessage({ error: String(error) }),
  );
});
parentPort?.postMessage({});
