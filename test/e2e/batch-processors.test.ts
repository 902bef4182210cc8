import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { buildSync } from 'esbuild';
import { LocalCloud } from 'fileworks-local';
import {
  BatchProcessor,
  BatchSource,
  ChunkedBatchWorkflow,
  FilingMode,
  QueueScaledFargateWorker,
  RunOverlap,
} from '../../src';
import type { BatchManifest, BatchResult } from '../../src/contract/batch';
import { privilegeFindings } from '../least-privilege/findings';
import { unusedByRuns, unusedWithoutOutage } from './support/batch-executions';
import { until } from './support/deployment';

const root = resolve(__dirname, '..', '..');
const fixtures = join(root, 'test', 'fixtures', 'batch');
const FILES = 8;
/** Long enough that a batch takes several calls of the function, and that a worker can be killed during it. */
const FILE_MS = 1_000;

/**
 * The other two processors of batches, and features that no example has: manifests, tags, a preparation, files that
 * stay, overlaps, a schedule.
 */
function synthesize(folder: string): string {
  buildSync({
    entryPoints: [join(fixtures, 'function.mjs')],
    bundle: true,
    platform: 'node',
    outfile: join(folder, 'function', 'index.js'),
    logLevel: 'error',
  });
  const outdir = join(folder, 'cdk.out');
  const app = new App({ outdir });
  const stack = new Stack(app, 'Batches');
  const bucket = new Bucket(stack, 'Inbox');
  const handler = new LambdaFunction(stack, 'Digest', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromAsset(join(folder, 'function')),
    // 15 seconds are a reserve: a call has six to process files
    timeout: Duration.seconds(21),
    environment: { FILE_MS: String(FILE_MS) },
  });
  const sales = new ChunkedBatchWorkflow(stack, 'Sales', {
    bucket,
    prefixes: ['sales/'],
    processor: BatchProcessor.lambdaFunction(handler),
    source: BatchSource.manifest('files.jsonl'),
    toleratedFailurePercentage: 50,
    preparation: new LambdaFunction(stack, 'Preparation', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async ({ day }) => ({ prefixes: [`sales/${day}/`] });'),
    }),
  });
  const cluster = new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0 }) });
  const worker = new QueueScaledFargateWorker(stack, 'Worker', {
    cluster,
    image: ContainerImage.fromRegistry('worker'),
    vpcSubnets: { subnetType: SubnetType.PUBLIC },
    assignPublicIp: true,
    minTasks: 1,
    visibilityTimeout: Duration.seconds(30),
    environment: { FILE_MS: String(FILE_MS) },
  });
  const stock = new ChunkedBatchWorkflow(stack, 'Stock', {
    bucket,
    prefixes: ['stock/'],
    processor: BatchProcessor.worker(worker),
    filing: FilingMode.TAG,
    maxFilesPerBatch: FILES / 2,
    toleratedFailurePercentage: 50,
  });
  const few = { bucket, processor: BatchProcessor.lambdaFunction(handler), toleratedFailurePercentage: 50 };
  const prices = new ChunkedBatchWorkflow(stack, 'Prices', {
    ...few,
    prefixes: ['prices/'],
    filing: FilingMode.NONE,
    overlap: RunOverlap.ALLOW,
    // Half a minute of this test's clock: a run takes seconds, and runs that are allowed to overlap must not pile up
    schedule: ScheduleExpression.rate(Duration.minutes(30)),
  });
  const returns = new ChunkedBatchWorkflow(stack, 'Returns', {
    ...few,
    prefixes: ['returns/'],
    overlap: RunOverlap.SKIP,
  });
  new CfnOutput(stack, 'InboxBucket', { value: bucket.bucketName });
  for (const [name, workflow] of Object.entries({ Sales: sales, Stock: stock, Prices: prices, Returns: returns })) {
    new CfnOutput(stack, `${name}Machine`, { value: workflow.stateMachine.stateMachineArn });
    new CfnOutput(stack, `${name}Results`, { value: workflow.resultBucket.bucketName });
  }
  app.synth();
  return outdir;
}

describe('batches in a function and behind a queue, on the local cloud', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-batches-'));
  let app: string;
  let cloud: LocalCloud;
  let s3: S3Client;
  let sfn: SFNClient;
  let outputs: Readonly<Record<string, string>>;
  /** Runs that execute at the same time while tests wait for them. */
  const runs = { sales: '', stock: '' };
  let killed: string;

  beforeAll(async () => {
    app = synthesize(folder);
    const tasks = [{ container: 'Worker', command: [process.execPath, join(fixtures, 'worker.mjs')], cwd: root }];
    cloud = await LocalCloud.start({ app, tasks: { tasks }, speed: 60, toolsDir: join(root, '.tools') });
    outputs = cloud.outputs('Batches');
    [s3, sfn] = [new S3Client(cloud.clientConfig()), new SFNClient(cloud.clientConfig())];
    await Promise.all(
      [...sold, 'not in the manifest.txt'].map((name) => put(`${soldIncoming}${name}`, contentOf(name))),
    );
    await put(
      'sales/2026-11-21/files.jsonl',
      sold.map((name) => `${JSON.stringify({ key: `${soldIncoming}${name}` })}\n`).join(''),
    );
    await Promise.all(parts.map((name) => put(`stock/incoming/${name}`, contentOf(name))));
    await Promise.all(
      few.flatMap((name) => ['prices', 'returns'].map((prefix) => put(`${prefix}/incoming/${name}`, contentOf(name)))),
    );
    runs.stock = await start(outputs.StockMachine, {});
    killed = await taskInBatch(`runs/${runs.stock.split(':').at(-1)}/0/results/`);
    cloud.faults.kill(killed);
    runs.sales = await start(outputs.SalesMachine, { day: '2026-11-21' });
  }, 600_000);

  afterAll(async () => {
    await (cloud as LocalCloud | undefined)?.stop();
    rmSync(folder, { recursive: true });
  }, 60_000);

  const contentOf = (name: string) => (name.startsWith('bad') ? 'poison' : `what is in ${name}`);
  const digestOf = (name: string) => createHash('sha256').update(contentOf(name)).digest('hex');
  const names = (kind: string) => [
    ...Array.from({ length: FILES - 1 }, (_, index) => `${kind} ${index} ü+&.txt`),
    `bad ${kind}.txt`,
  ];
  const [sold, parts] = [names('sale'), names('part')];
  /** Of a run that takes seconds. */
  const few = names('thing').slice(-4);
  const soldIncoming = 'sales/2026-11-21/incoming/';
  const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: outputs.InboxBucket, Key, Body }));
  const keys = async (prefix: string) => {
    const { Contents: found = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: outputs.InboxBucket, Prefix: prefix }),
    );
    return found.map(({ Key = '' }) => Key.slice(prefix.length)).sort();
  };
  const json = async <T>(Bucket: string, Key: string) => {
    const { Body: body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return JSON.parse(await body!.transformToString()) as T;
  };

  /** Starts a run; returns its name. */
  const start = async (stateMachineArn: string, input: object) => {
    const { executionArn = '' } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
    );
    return executionArn;
  };
  const succeeded = async (executionArn: string) => {
    const { status, cause } = await until('the end of a run', 180, async () => {
      const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      return execution.status === 'RUNNING' ? undefined : execution;
    });
    if (status !== 'SUCCEEDED') {
      throw new Error(`the run ended as ${status}: ${cause}`);
    }
  };
  /** The manifest of a finished run with one prefix. */
  const endOf = async (executionArn: string, results: string) => {
    await succeeded(executionArn);
    const manifest = await json<BatchManifest>(results, `runs/${executionArn.split(':').at(-1)}/0/manifest.json`);
    const documents = await Promise.all(manifest.results.map(({ resultKey }) => json<BatchResult>(results, resultKey)));
    const files = documents.flatMap((document) => document.files);
    return {
      manifest,
      outcomes: new Map(files.map(({ key, outcome, output }) => [key.split('/').at(-1) ?? '', { outcome, output }])),
    };
  };
  const taskInBatch = (results: string) =>
    until('a task in the middle of a batch', 120, async () => {
      const { Contents: found = [] } = await s3.send(
        new ListObjectsV2Command({ Bucket: outputs.StockResults, Prefix: results }),
      );
      const begun = (
        await Promise.all(found.map(({ Key = '' }) => json<BatchResult>(outputs.StockResults, Key)))
      ).filter(({ complete }) => !complete);
      return begun.length > 0 ? cloud.tasks().find(({ lastStatus }) => lastStatus === 'RUNNING')?.taskArn : undefined;
    });
  const expected = (all: readonly string[]) =>
    new Map(
      all.map((name) => [
        name,
        name.startsWith('bad')
          ? { outcome: 'failed', output: undefined }
          : { outcome: 'processed', output: digestOf(name) },
      ]),
    );

  test('a function processes the files of a manifest in as many calls as needed, in the prefix that the preparation names', async () => {
    const { manifest, outcomes } = await endOf(runs.sales, outputs.SalesResults);
    expect(manifest).toMatchObject({
      prefix: 'sales/2026-11-21/',
      files: { total: FILES, processed: FILES - 1, failed: 1, skipped: 0 },
      batches: { total: 1, failed: 0 },
    });
    expect(outcomes).toEqual(expected(sold));
    expect(await keys(soldIncoming)).toEqual(['not in the manifest.txt']);
    expect(await keys('sales/2026-11-21/processed/')).toEqual(sold.slice(0, -1).sort());
    expect(await keys('sales/2026-11-21/failed/')).toEqual(sold.slice(-1));
  }, 240_000);

  test('a worker continues batches whose task was killed, tags their files, and skips them in the next run', async () => {
    const { manifest, outcomes } = await endOf(runs.stock, outputs.StockResults);
    const task = await until('the end of the killed task', 60, () =>
      cloud.tasks().find(({ taskArn, lastStatus }) => taskArn === killed && lastStatus === 'STOPPED'),
    );
    expect(task.containers[0]?.exitCode).toBe(137);
    expect(manifest).toMatchObject({
      prefix: 'stock/',
      files: { total: FILES, processed: FILES - 1, failed: 1, skipped: 0 },
      batches: { total: 2, failed: 0 },
    });
    expect(outcomes).toEqual(expected(parts));
    expect(await keys('stock/incoming/')).toEqual([...parts].sort());
    const tags = await Promise.all(
      parts.map(async (name) => {
        const { TagSet: own = [] } = await s3.send(
          new GetObjectTaggingCommand({ Bucket: outputs.InboxBucket, Key: `stock/incoming/${name}` }),
        );
        return [name, ...own.flatMap(({ Key, Value }) => [Key, Value])];
      }),
    );
    expect(tags).toEqual(
      parts.map((name) => [name, 'fileworks-batch', name.startsWith('bad') ? 'failed' : 'processed']),
    );
    const again = await endOf(await start(outputs.StockMachine, {}), outputs.StockResults);
    expect(again.manifest.files).toMatchObject({ total: FILES, processed: 0, failed: 0, skipped: FILES });
  }, 420_000);

  test('of two overlapping runs that skip one another, one processes the files and the other ends', async () => {
    const both = await Promise.all([start(outputs.ReturnsMachine, {}), start(outputs.ReturnsMachine, {})]);
    await Promise.all(both.map(succeeded));
    const { Contents: written = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: outputs.ReturnsResults, Prefix: 'runs/' }),
    );
    const worked = both.filter((run) =>
      written.some(({ Key: key = '' }) => key.startsWith(`runs/${run.split(':').at(-1)}/`)),
    );
    expect(worked).toHaveLength(1);
    const { manifest, outcomes } = await endOf(worked[0], outputs.ReturnsResults);
    expect(manifest.files).toMatchObject({ total: few.length, processed: few.length - 1, failed: 1, skipped: 0 });
    expect(outcomes).toEqual(expected(few));
  }, 240_000);

  test('scheduled and manual runs process all files at the same time, and the files stay', async () => {
    const people = await Promise.all([start(outputs.PricesMachine, {}), start(outputs.PricesMachine, {})]);
    const [one, other] = await Promise.all(people.map((run) => endOf(run, outputs.PricesResults)));
    const spans = [one, other].map(({ manifest: { startedAt, durationSeconds } }) => [
      Date.parse(startedAt),
      Date.parse(startedAt) + durationSeconds * 1_000,
    ]);
    expect(Math.max(...spans.map(([begin]) => begin))).toBeLessThan(Math.min(...spans.map(([, end]) => end)));
    const clock = await until('a scheduled run', 120, async () => {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: outputs.PricesMachine }));
      return executions.find(({ executionArn = '' }) => !people.includes(executionArn))?.executionArn;
    });
    for (const { manifest, outcomes } of [one, other, await endOf(clock, outputs.PricesResults)]) {
      expect(manifest.files).toMatchObject({ total: few.length, processed: few.length - 1, failed: 1, skipped: 0 });
      expect(outcomes).toEqual(expected(few));
    }
    expect(await keys('prices/')).toEqual(few.map((name) => `incoming/${name}`).sort());
  }, 420_000);

  test('every role has the permissions that its process used, and no others', async () => {
    expect(
      await privilegeFindings(cloud, app, [
        {
          role: 'SchedulerRoleForTarget',
          action: 'sqs:SendMessage',
          because: 'an event that its target cannot be given goes here; this run loses none',
        },
        ...['Sales', 'Stock', 'Prices', 'Returns'].flatMap(unusedByRuns),
        ...['Sales', 'Prices', 'Returns'].map(unusedWithoutOutage),
        {
          role: 'DigestServiceRole',
          action: 's3:AbortMultipartUpload',
          because: 'a file of over 5 GiB is moved in parts',
        },
        {
          role: 'DigestServiceRole',
          action: 's3:GetObjectTagging',
          because: 'S3 requires it to copy a file with tags; these have none',
        },
        {
          role: 'DigestServiceRole',
          action: 's3:PutObjectTagging',
          because: 'S3 requires it to copy a file with tags; these have none',
        },
        {
          role: 'WorkerTaskDefinitionTaskRole',
          action: 'sqs:ChangeMessageVisibility',
          because: 'leases of batches that take longer are extended',
          sometimes: true,
        },
        {
          role: 'WorkerTaskDefinitionTaskRole',
          action: 'sqs:SendMessage',
          because: 'poison messages go to the dead-letter queue; there are none',
        },
        {
          role: 'WorkerTaskDefinitionTaskRole',
          action: 'states:SendTaskFailure',
          because: 'no batch fails on its last attempt',
        },
      ]),
    ).toEqual([]);
  });
});
