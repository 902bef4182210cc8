import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { LocalCloud } from 'fileworks-local';
import { Client } from 'pg';
import { Builds } from '../../e2e/support/builds';
import { onLocalCloud } from '../../e2e/support/clouds/local';
import { workerFolder } from '../../e2e/support/deployment';
import { SalesServer } from '../../e2e/support/sales/server';
import type { Deployment } from '../deployments';
import type { Feed } from '../player';

const root = resolve(__dirname, '..', '..', '..');

/** json-loader: a file with an order. It is done when the order is in the database. */
export async function orders(): Promise<Deployment> {
  const server = await SalesServer.start();
  // What builds download: the commands of the project, with their modules
  const repository = mkdtempSync(join(tmpdir(), 'fileworks-silence-orders-'));
  const worker = join('worker', 'json-loader');
  cpSync(workerFolder('json-loader'), join(repository, worker), { recursive: true, verbatimSymlinks: true });
  cpSync(join(root, 'examples', worker), join(repository, worker), { recursive: true });
  const database = new Client({ connectionString: server.connectionString });
  return {
    options: {
      builds: [{ source: 'https://github.com/acme/sales.git', cwd: repository, env: { PATH: server.path } }],
    },
    feed: (cloud) => feed(cloud, server, database),
    async stop() {
      await database.end();
      await server.stop();
      rmSync(repository, { recursive: true });
    },
  };
}

async function feed(cloud: LocalCloud, server: SalesServer, database: Client): Promise<Feed> {
  const outputs = cloud.outputs('JsonLoader');
  await server.serve(onLocalCloud(cloud));
  const builds = new Builds(cloud, new CodeBuildClient(cloud.clientConfig()));
  const { succeeded, output } = await builds.run(outputs.MigrationProject);
  builds.stop();
  if (!succeeded) {
    throw new Error(`the migration failed:\n${output}`);
  }
  await database.connect();
  const s3 = new S3Client(cloud.clientConfig());
  return {
    everyMinutes: 1,
    async send(index) {
      const id = index + 1;
      const time = new Date().toISOString();
      const Body = JSON.stringify({
        id,
        customer: { id: `customer ${id}` },
        placed_at: time,
        currency: 'EUR',
        total: 1,
        updated_at: time,
        lines: [],
      });
      await s3.send(new PutObjectCommand({ Bucket: outputs.InboxBucket, Key: `orders/${id}.json`, Body }));
    },
    isDone: async (index) =>
      (await database.query('SELECT 1 FROM sales.orders WHERE id = $1', [index + 1])).rows.length > 0,
  };
}
