// One measured process: `batch <endpoint> <key>` runs a batch, `file <endpoint> <key>` does one file as the blueprint's
// container would, and `read <bytes>` validates a generated file of that size.
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { runBatch } from 'fileworks-runtime/batch';
import { readOrders } from '../../examples/worker/csv-batch/orders.ts';
import { Meter } from '../support/meter.ts';

const [work, where, key] = process.argv.slice(2);
const meter = new Meter();
const client = new S3Client({
  endpoint: where,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId: 'stub', secretAccessKey: 'stub' },
});
const nothing = () => Promise.resolve();

async function clean(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const orders of readOrders(body, nothing)) {
    text += orders.map((order) => `${JSON.stringify(order)}\n`).join('');
  }
  return text;
}

async function file(Key: string): Promise<void> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: 'stub', Key }));
  await client.send(
    new PutObjectCommand({ Bucket: 'stub', Key: `clean/${Key}`, Body: await clean(Body as AsyncIterable<Uint8Array>) }),
  );
}

function* csv(bytes: number): Generator<Buffer> {
  yield Buffer.from('id,customer,placed_at,amount,currency\n');
  for (let id = 1, sent = 0; sent < bytes;) {
    const piece = Buffer.from(
      Array.from(
        { length: 1_000 },
        () => `${id++},"Müller, Söhne & Co.",2026-11-21T06:00:00Z,${id % 100_000}.50,EUR\n`,
      ).join(''),
    );
    sent += piece.length;
    yield piece;
  }
}

if (work === 'batch') {
  await runBatch(({ key: one }) => file(one), {
    client,
    env: { FILEWORKS_BATCH_BUCKET: 'stub', FILEWORKS_BATCH_KEY: key },
    exit: () => undefined,
  });
} else if (work === 'file') {
  await file(key);
} else {
  for await (const orders of readOrders(csv(Number(where)) as unknown as AsyncIterable<Uint8Array>, nothing)) {
    Buffer.from(orders.map((order) => JSON.stringify(order)).join('\n'));
  }
}
console.log(JSON.stringify(meter.read()));
