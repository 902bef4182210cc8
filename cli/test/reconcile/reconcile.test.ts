import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { EventBridgeClient, TestEventPatternCommand } from '@aws-sdk/client-eventbridge';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { LocalCloud } from '../../../local/src';
import { TOOLS, until } from '../../../local/test/support/cloud';
import {
  Delivery,
  DispatchTarget,
  FileIngestBucket,
  IngestMessageFormat,
  IngestTarget,
  TypeConcurrency,
  TypedDispatcher,
} from '../../../src';
import { LoaderEnv } from '../../../src/contract/loader-env';
import { Pipeline } from '../../src/pipeline';
import { listObjects } from '../../src/reconcile/listing';
import { describeRoutes } from '../../src/reconcile/routes';
import { connect, disconnect } from '../../src/support/clients';
import { fileworks, useEndpoint } from '../support/command';

jest.setTimeout(600_000);

const COMPILED = resolve(__dirname, '../../lib/cli/src/main.js');

/** A function that answers like that of a loader, whose ledger contains one file. */
const LOADER = `exports.handler = async ({ objects }) => ({ recorded: objects.map(({ key }) => key.endsWith('loaded.json')) });`;

/** The rules are disabled, so that no event of the tests' objects is delivered. */
function synthesize(): string {
  const app = new App({ outdir: mkdtempSync(join(tmpdir(), 'fileworks-cli-app-')), analyticsReporting: false });
  const stack = new Stack(app, 'Lost');
  const ingest = new FileIngestBucket(stack, 'Ingest');
  const orders = ingest.addRoute('Orders', {
    prefixes: ['orders/'],
    suffixes: ['.csv'],
    enabled: false,
    target: IngestTarget.queue({ format: IngestMessageFormat.COMPACT }),
  });
  const rows = ingest.addRoute('Rows', { prefixes: ['rows/'], enabled: false, target: IngestTarget.queue() });
  const loader = new lambda.Function(stack, 'Loader', {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline(LOADER),
    environment: { [LoaderEnv.name]: 'Lost/Loader' },
  });
  loader.addEventSource(new SqsEventSource(rows.queue!, { enabled: false }));
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 });
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc, enableFargateCapacityProviders: true });
  const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Task');
  const container = taskDefinition.addContainer('Main', { image: ecs.ContainerImage.fromRegistry('program') });
  const typed = new TypedDispatcher(stack, 'Typed');
  ingest.addRoute('Files', { prefixes: ['files/'], enabled: false, target: IngestTarget.dispatcher(typed) });
  typed.addType('A', {
    keys: ['files/{name}'],
    concurrency: TypeConcurrency.parallel(),
    target: DispatchTarget.ecsTask({ cluster, taskDefinition, container }),
  });
  const direct = new FileIngestBucket(stack, 'Direct', { versioned: false });
  const notified = direct.addRoute('Direct', {
    prefixes: ['direct/'],
    ignoreEmptyObjects: false,
    delivery: Delivery.s3Notifications(),
    target: IngestTarget.queue(),
  });
  const results = new s3.Bucket(stack, 'Done');
  for (const [name, value] of Object.entries({
    Incoming: ingest.bucket.bucketName,
    DirectBucket: direct.bucket.bucketName,
    Results: results.bucketName,
    OrdersUrl: orders.queue!.queueUrl,
    RowsUrl: rows.queue!.queueUrl,
    NotifiedUrl: notified.queue!.queueUrl,
  })) {
    new CfnOutput(stack, name, { value });
  }
  return app.synth().directory;
}

let cloud: LocalCloud;
let out: Readonly<Record<string, string>>;
let s3Client: S3Client;
let sqs: SQSClient;
const now = ['--modified-before', '0s'];

beforeAll(async () => {
  cloud = await LocalCloud.start({ app: synthesize(), tasks: { tasks: [] }, toolsDir: TOOLS });
  useEndpoint(cloud);
  process.env.FILEWORKS_STACK = 'Lost';
  out = cloud.outputs('Lost');
  s3Client = new S3Client(cloud.clientConfig());
  sqs = new SQSClient(cloud.clientConfig());
});

afterAll(async () => {
  [s3Client, sqs].forEach((client) => client.destroy());
  await cloud.stop();
});

const put = (key: string, bucket = out.Incoming, body = 'a') =>
  s3Client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
const json = async (...args: string[]) => {
  const ended = await fileworks(['--json', 'reconcile', ...args, ...now]);
  expect(ended.err).toBe('');
  return JSON.parse(ended.out) as { examples: string[]; unprocessed: number; route: string };
};
interface Message {
  readonly Event?: string;
  readonly detail: { readonly object: { readonly key: string } };
  readonly Records: readonly { readonly s3: { readonly object: Readonly<Record<string, unknown>> } }[];
}

/** Receives and deletes all messages. */
async function messages(url: string): Promise<Message[]> {
  const found: Message[] = [];
  for (;;) {
    const { Messages: some = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    if (some.length === 0) {
      return found;
    }
    for (const { Body: body, ReceiptHandle: handle } of some) {
      const message = JSON.parse(body!) as Message;
      // S3 sends another one when notifications are configured
      found.push(...(message.Event === 's3:TestEvent' ? [] : [message]));
      await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handle }));
    }
  }
}
const fileOf = (name: string, text: string) => {
  const file = join(mkdtempSync(join(tmpdir(), 'fileworks-cli-')), name);
  writeFileSync(file, text);
  return file;
};

describe('a route to a queue', () => {
  const keys = ['orders/1.csv', 'orders/sub/ü "2".CSV', 'orders/$&.csv'];

  beforeAll(async () => {
    for (const key of [...keys, 'orders/notes.txt', 'orders/folder.csv/']) {
      await put(key);
    }
  });

  test('is refused unless something decides what was processed', async () => {
    expect(await fileworks(['reconcile', 'IngestOrders'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /IngestOrders leads neither to a dispatcher nor to a loader.*add --results .*--manifest .*--processed/,
      ),
    });
    expect(await fileworks(['reconcile', 'IngestOrders', '--results', 's3://b/k'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--results must be an S3 URI with \{key\}, .* got: s3:\/\/b\/k/),
    });
    expect(await fileworks(['reconcile', 'IngestOrders', '--manifest', 'a', '--processed', 'b'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/only one of .* got: --manifest and --processed/),
    });
  });

  test('is reconciled by results: it reports first, then sends the messages of its rule', async () => {
    await put('done/1.json', out.Results);
    const by = ['IngestOrders', '--prefix', 'orders/', '--results', `s3://${out.Results}/done/{stem}.json`];
    const found = { route: 'IngestOrders', listed: 3, unprocessed: 2, failed: 0, incomplete: false };
    const report = await json(...by);
    expect(report).toMatchObject({ ...found, sent: 0 });
    expect(report.examples.toSorted()).toEqual(keys.slice(1).toSorted());
    expect(await messages(out.OrdersUrl)).toEqual([]);
    const text = await fileworks(['reconcile', ...by, ...now]);
    expect(text.out).toMatch(/: 3 objects, 2 not processed\n {2}orders.*Nothing was sent: add --send/s);
    expect(await json(...by, '--send')).toMatchObject({ ...found, sent: 2 });
    const sent = await messages(out.OrdersUrl);
    expect(sent.map(({ detail }) => detail.object.key).toSorted()).toEqual(keys.slice(1).toSorted());
    expect(sent[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      time: expect.stringMatching(/Z$/),
      source: 'aws.s3',
      'detail-type': 'Object Created',
      detail: {
        bucket: { name: out.Incoming },
        object: {
          key: expect.any(String),
          size: 1,
          etag: '0cc175b9c0f1b6a831c399e269772661',
          'version-id': expect.any(String),
        },
      },
    });
  });

  test('is reconciled by a list of keys, at a rate, up to a limit', async () => {
    const manifest = fileOf('keys.txt', `orders/1.csv\n${JSON.stringify({ key: 'orders/$&.csv' })}\r\n\n`);
    expect(await json('IngestOrders', '--manifest', manifest)).toMatchObject({ unprocessed: 1, examples: [keys[1]] });
    await put('keys.txt', out.Results, 'orders/1.csv');
    const stored = `s3://${out.Results}/keys.txt`;
    expect(await json('IngestOrders', '--manifest', stored)).toMatchObject({ unprocessed: 2 });
    const started = Date.now();
    expect(await json('IngestOrders', '--manifest', stored, '--limit', '1', '--send', '--rate', '1')).toMatchObject({
      unprocessed: 1,
      sent: 1,
      incomplete: true,
    });
    expect(Date.now() - started).toBeGreaterThanOrEqual(1_000);
    expect(await messages(out.OrdersUrl)).toHaveLength(1);
  });

  test('is reconciled by a module', async () => {
    const code = `async ({ key, size, modified }) => size === 1 && modified < new Date() && key.endsWith('1.csv')`;
    const found = { listed: 3, unprocessed: 2 };
    expect(await json('IngestOrders', '--processed', fileOf('a.cjs', `exports.default = ${code};`))).toMatchObject(
      found,
    );
    // Jest cannot import modules that are not for require
    const args = [
      COMPILED,
      '--json',
      'reconcile',
      'IngestOrders',
      '--processed',
      fileOf('a.mjs', `export default ${code};`),
      ...now,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env } });
    expect(JSON.parse(stdout)).toMatchObject(found);
    expect(await fileworks(['reconcile', 'IngestOrders', '--processed', fileOf('b.cjs', '')])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--processed must name a module whose default export is a function/),
    });
    const vague = fileOf('c.cjs', 'exports.default = () => undefined;');
    expect(await fileworks(['reconcile', 'IngestOrders', '--processed', vague, ...now])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/must return true or false, got: undefined for orders/),
    });
  });

  test('leaves alone what was modified a moment ago, or too long ago', async () => {
    const none = fileOf('none.txt', '');
    expect((await fileworks(['reconcile', 'IngestOrders', '--manifest', none])).out).toMatch(/: 0 objects/);
    expect(await json('IngestOrders', '--manifest', none, '--modified-after', '0s')).toMatchObject({ listed: 0 });
  });
});

test('a loader is asked for its ledger, and receives whole events', async () => {
  await put('rows/loaded.json');
  await put('rows/lost.json');
  expect(await json('IngestRows', '--send')).toMatchObject({
    by: 'ledger of Lost/Loader',
    listed: 2,
    unprocessed: 1,
    sent: 1,
    examples: ['rows/lost.json'],
  });
  expect(await messages(out.RowsUrl)).toMatchObject([
    {
      version: '0',
      account: '000000000000',
      detail: { object: { key: 'rows/lost.json' }, reason: 'Fileworks Reconcile' },
    },
  ]);
});

test('a dispatcher compares its own table, and registers what is missing once', async () => {
  await fileworks(['sequence', 'pause', '*', '--reason', 'test']);
  for (let file = 1; file <= 12; file++) {
    await put(`files/${file}`);
  }
  expect(await json('IngestFiles', '--prefix', 'files/')).toMatchObject({
    by: 'table of Typed',
    listed: 12,
    unprocessed: 12,
    sent: 0,
  });
  expect(await json('IngestFiles', '--prefix', 'files/', '--send', '--limit', '5')).toMatchObject({
    unprocessed: 5,
    sent: 5,
    incomplete: true,
  });
  // Its ingress function registers them
  await unregistered(7);
  expect(await json('IngestFiles', '--prefix', 'files/', '--send', '--rate', '100')).toMatchObject({ sent: 7 });
  await unregistered(0);
});

const unregistered = (count: number) =>
  until(
    async () => {
      const { unprocessed } = await json('IngestFiles', '--prefix', 'files/');
      return unprocessed === count;
    },
    `${count} unregistered files`,
    60_000,
  );

test('a route of S3 notifications receives one like that of S3', async () => {
  await put('direct/ü +1.zip', out.DirectBucket);
  const [original] = await messages(out.NotifiedUrl);
  const { route } = await json(...(await routeOf('Direct')), '--manifest', fileOf('none.txt', ''), '--send');
  expect(route).toMatch(/^Direct\//);
  const [again] = await messages(out.NotifiedUrl);
  const { key, size, eTag } = original.Records[0].s3.object;
  expect(again.Records).toEqual([
    expect.objectContaining({
      eventSource: 'aws:s3',
      awsRegion: 'us-east-1',
      eventName: 'ObjectCreated:Put',
      s3: expect.objectContaining({ object: { key, size, eTag } }),
    }),
  ]);
});

async function routeOf(start: string): Promise<string[]> {
  const clients = connect({});
  const routes = await describeRoutes(clients, await Pipeline.find(clients, 'Lost'));
  disconnect(clients);
  return routes.map(({ name }) => name).filter((name) => name.startsWith(start));
}

test('the conditions of each rule select the same objects as EventBridge does', async () => {
  const clients = connect({});
  const events = new EventBridgeClient(cloud.clientConfig());
  const { accepts } = await import('../../src/reconcile/event-pattern');
  const conditions = [
    { key: [{ prefix: 'in/' }, 'whole'] },
    { key: [{ suffix: { 'equals-ignore-case': '.csv' } }] },
    { key: [{ wildcard: 'in/*.c\\*v*\\\\' }], size: [{ numeric: ['>=', 1, '<=', 5] }] },
    { key: [{ 'anything-but': { wildcard: ['*/tmp/*', 'x*'] } }], size: [{ 'anything-but': [0] }] },
    { key: [{ 'anything-but': ['whole', 'in/a.csv'] }] },
    { key: [{ 'anything-but': { prefix: 'in/' } }], size: [{ numeric: ['<', 5] }] },
    { size: [0, { numeric: ['=', 7] }] },
  ];
  const keys = ['whole', 'in/a.csv', 'in/a.CSV', 'in/.c*v\\', 'in/1.c*v2\\', 'in/1.cXv\\', 'a/tmp/b', 'xa', ''];
  for (const object of conditions) {
    const pattern = JSON.stringify({ source: ['aws.s3'], detail: { object } });
    const selects = accepts('R', pattern);
    for (const key of keys) {
      for (const size of [0, 1, 5, 7]) {
        const event = {
          id: '1',
          account: '000000000000',
          region: 'us-east-1',
          time: '2026-11-20T00:00:00Z',
          source: 'aws.s3',
          'detail-type': 'Object Created',
          resources: [],
          detail: { object: { key, size } },
        };
        const { Result: expected } = await events.send(
          new TestEventPatternCommand({ EventPattern: pattern, Event: JSON.stringify(event) }),
        );
        const listed = { bucket: 'b', key, size, etag: '', modified: new Date() };
        expect({ object, key, size, selects: selects(listed) }).toEqual({ object, key, size, selects: expected });
      }
    }
  }
  expect(() => accepts('R', '{"detail":{"object":{"key":[{"cidr":"10.0.0.0/8"}]}}}')).toThrow(
    /the rule R must select objects by conditions that reconcile knows, got: cidr/,
  );
  events.destroy();
  disconnect(clients);
});

test('a bucket is listed completely, folder by folder at once, each object once', async () => {
  const keys = [
    ...Array.from({ length: 1_050 }, (_, index) => `many/flat-${index}`),
    ...Array.from({ length: 300 }, (_, index) => `many/${index % 20}/${index % 3}/${index}`),
  ];
  for (let start = 0; start < keys.length; start += 50) {
    await Promise.all(keys.slice(start, start + 50).map((key) => put(key)));
  }
  const clients = connect({});
  const listed: string[] = [];
  for await (const page of listObjects(clients, out.Incoming, 'many/')) {
    listed.push(...page.map(({ key }) => key));
  }
  disconnect(clients);
  expect(listed.toSorted()).toEqual(keys.toSorted());
});
