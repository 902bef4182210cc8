import { S3Client } from '@aws-sdk/client-s3';
import { Ledger, ledgerFile, LoaderConnection } from '../../../../src/runtime/database/index.js';
import { FileLoader } from '../../../../src/runtime/jobs/load/index.js';
import { peakKiB } from '../../../support/peak-memory.js';

/**
 * The process whose memory large-file.test.ts looks at: one file, started with the endpoint, the database and the size.
 */
async function main(): Promise<void> {
  const [endpoint = '', connectionString = '', size = ''] = process.argv.slice(2);
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const ledger = new Ledger('test');
  const connection = new LoaderConnection({
    connectAs: () => Promise.resolve({ connectionString }),
    prepare: (session) => ledger.ensure(session),
  });
  const columns = [{ name: 'id' }, { name: 'customer', source: '/customer/name' }, { name: 'document', source: '' }];
  const loader = new FileLoader({
    name: 'test',
    connection,
    client,
    routes: [{ suffix: '.jsonl', format: 'json-lines', table: 'orders', columns }],
  });
  const idleMiB = process.memoryUsage().rss / 1024 ** 2;
  const outcome = await loader.loadLarge(
    ledgerFile({ bucket: 'inbox', key: 'large.jsonl', size: Number(size), etag: 'large', sequencer: '1' }, 'event-1'),
  );
  const peakMiB = peakKiB() / 1024;
  await connection.close();
  process.stdout.write(JSON.stringify({ outcome, memoryMiB: Math.round(peakMiB - idleMiB) }));
}

void main();
