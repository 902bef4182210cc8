// Files in batches against the published blueprint: a task for each file, and the list of files in the environment.
// `npm run bench -- batch [--json] [--files 200] [--only speed|memory|cost]`. S3 is the stub of the tests, in this
// process.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BatchProcessor, ChunkedBatchWorkflow } from '../lib/index.js';
import { Prices } from '../simulator/report/prices.ts';
import { S3Stub } from '../test/support/s3-stub.ts';
import { option, Report } from './support/report.ts';
import type { Cost } from './support/meter.ts';

const files = Number(option('--files', '200'));
const only = option('--only', '');
const report = new Report('batch');
const run = promisify(execFile);
const stub = await S3Stub.start();

async function worker(...args: string[]): Promise<Cost> {
  const program = ['--no-warnings', join(import.meta.dirname, 'batch/worker.ts'), ...args];
  const { stdout } = await run(process.execPath, program, { env: { ...process.env, FILEWORKS_LOG_LEVEL: 'fatal' } });
  return JSON.parse(stdout) as Cost;
}

if ('speed'.includes(only)) {
  const csv = `id,customer,placed_at,amount,currency\n${Array.from({ length: 300 }, (_, row) => `${row + 1},Ada,2026-11-21T06:00:00Z,12.50,EUR\n`).join('')}`;
  const keys = Array.from({ length: files }, (_, index) => `in/${index}.csv`);
  for (const key of keys) {
    stub.objects.set(`stub/${key}`, { body: Buffer.from(csv), etag: '"1"', headers: {} });
  }
  const document = {
    version: 1,
    runId: 'run',
    batchId: 'b',
    bucket: 'stub',
    files: keys.map((key) => ({ key })),
    filing: { by: 'none' },
    resultKey: 'results/b.json',
  };
  stub.objects.set('stub/batches/b.json', { body: Buffer.from(JSON.stringify(document)), etag: '"1"', headers: {} });
  const ours = performance.now();
  await worker('batch', stub.endpoint, 'batches/b.json');
  const batchSeconds = (performance.now() - ours) / 1_000;
  const some = keys.slice(0, 20);
  const theirs = performance.now();
  for (const key of some) {
    await worker('file', stub.endpoint, key);
  }
  const fileSeconds = ((performance.now() - theirs) / 1_000 / some.length) * files;
  report.add({
    case: `${files} CSV files of ${Math.round(csv.length / 1_024)} KB, one process at a time`,
    metric: 'files per second, the start of processes included',
    ours: files / batchSeconds,
    peers: { 'a process for each file': files / fileSeconds },
    limit: Infinity,
    goal: (files / fileSeconds) * 5,
    ok: batchSeconds * 5 <= fileSeconds,
  });
}

if ('memory'.includes(only)) {
  const small = await worker('read', String(128 * 1024 ** 2));
  const large = await worker('read', String(1024 ** 3));
  report.add({
    case: 'validating a CSV file of 1 GB',
    metric: 'peak RSS above idle, MB',
    ours: large.rssMB,
    peers: { 'the same, 128 MB': small.rssMB },
    limit: small.rssMB,
    goal: small.rssMB * 1.2,
    ok: large.rssMB <= small.rssMB * 1.2,
  });
}

/** https://aws.amazon.com/step-functions/pricing/ and https://aws.amazon.com/s3/pricing/, us-east-1. */
const TRANSITION_PRICE = 0.000025;
const PUT_PRICE = 0.000005;
const GET_PRICE = 0.0000004;
/** Files of a month, one second of work each on 0.5 vCPU and 1 GB, eight at a time in a batch. */
const MONTH = 100_000;
const taskHour = Prices.vcpuHour.X86_64 * 0.5 + Prices.gibHour.X86_64 * 1;

if ('cost'.includes(only)) {
  const transitions = transitionsOfBatch();
  const batches = MONTH / 100;
  // The shortest billed time of a task is one minute: https://aws.amazon.com/fargate/pricing/
  const batchTaskHours = (batches * Math.max(60, 100 / 8 + 30)) / 3_600;
  const fileTaskHours = (MONTH * 60) / 3_600;
  // Description, result while it grows, results read and copied, moved: two writes and a delete for each file
  const requests = batches * (2 * PUT_PRICE + 4 * GET_PRICE) + MONTH * (2 * PUT_PRICE + GET_PRICE);
  const row = (metric: string, ours: number, theirs: number) =>
    report.add({
      case: `${MONTH.toLocaleString('en')} files, batches of 100`,
      metric,
      ours,
      peers: { 'blueprint: a task for each file': theirs },
      limit: 0,
      goal: theirs,
      ok: ours < theirs,
    });
  row('task starts', batches, MONTH);
  row('state transitions', batches * transitions + 8, MONTH * 2);
  row('Step Functions, $', (batches * transitions + 8) * TRANSITION_PRICE, MONTH * 2 * TRANSITION_PRICE);
  row('Fargate on demand, $', batchTaskHours * taskHour, fileTaskHours * taskHour);
  row('Fargate on Spot, $', batchTaskHours * taskHour * Prices.spotShare, fileTaskHours * taskHour * Prices.spotShare);
  row(
    'all of it on Spot, with requests of S3, $',
    batchTaskHours * taskHour * Prices.spotShare + (batches * transitions + 8) * TRANSITION_PRICE + requests,
    fileTaskHours * taskHour * Prices.spotShare + MONTH * 2 * TRANSITION_PRICE,
  );
}

/** States of a successful batch, checked against the template. */
function transitionsOfBatch(): number {
  const stack = new Stack(new App({ analyticsReporting: false }), 'Bench');
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 }) });
  const processor = BatchProcessor.fargateTask({ cluster, image: ecs.ContainerImage.fromRegistry('none') });
  new ChunkedBatchWorkflow(stack, 'Batch', { bucket: new s3.Bucket(stack, 'Inbox'), prefixes: ['in/'], processor });
  const text = JSON.stringify(
    Object.values(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine')),
  );
  const states = ['HasFiles', 'Describe', 'Work', 'RunTask', 'TaskEnded', 'Clock', 'Done'];
  const missing = states.filter((name) => !text.includes(`\\"${name}\\":{`));
  if (missing.length > 0) {
    throw new Error(`the state machine has no ${missing.join(', ')}: update the list of states`);
  }
  return states.length;
}

await stub.stop();
report.end(
  `csv-parse ${(JSON.parse(readFileSync(join(import.meta.dirname, '../node_modules/csv-parse/package.json'), 'utf8')) as { version: string }).version}, prices of ${Prices.asOf}`,
);
