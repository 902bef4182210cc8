import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { LocalCloud } from 'fileworks-local';
import { Client } from 'pg';
import { startPostgres } from '../../support/postgres-server';
import type { Deployment } from '../deployments';
import type { Feed } from '../player';

const root = resolve(__dirname, '..', '..', '..');
const fileOf = (index: number) =>
  `id,customer,placed_at,amount,currency\n${index + 1},customer ${index},2026-11-21T06:00:00Z,1.00,EUR\n`;

/** csv-batch: a file and its marker, or a file and an execution, in turn. A file that is done is moved. */
export async function batches(): Promise<Deployment> {
  const postgres = await startPostgres();
  const database = new Client(postgres.connectionString);
  await database.connect();
  await database.query(readFileSync(resolve(root, 'examples', 'worker', 'csv-batch', 'schema.sql'), 'utf8'));
  await database.end();
  return {
    feed: (cloud) => feed(cloud, postgres.connectionString),
    stop: () => postgres.stop(),
  };
}

async function feed(cloud: LocalCloud, SecretString: string): Promise<Feed> {
  const outputs = cloud.outputs('CsvBatch');
  const s3 = new S3Client(cloud.clientConfig());
  const machines = new SFNClient(cloud.clientConfig());
  const secrets = new SecretsManagerClient(cloud.clientConfig());
  await secrets.send(new PutSecretValueCommand({ SecretId: outputs.DatabaseUrlSecret, SecretString }));
  secrets.destroy();
  const Bucket = outputs.InboxBucket;
  const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  const prefixOf = (index: number) => (index % 2 === 0 ? 'orders/' : 'history/');
  return {
    everyMinutes: 3,
    async send(index) {
      const prefix = prefixOf(index);
      await put(`${prefix}incoming/${index}.csv`, fileOf(index));
      await (prefix === 'orders/'
        ? put('orders/incoming/_READY', '')
        : machines.send(new StartExecutionCommand({ stateMachineArn: outputs.HistoryMachine })));
    },
    isDone: (index) =>
      s3.send(new HeadObjectCommand({ Bucket, Key: `${prefixOf(index)}processed/${index}.csv` })).then(
        () => true,
        () => false,
      ),
  };
}
