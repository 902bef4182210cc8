import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Function as LambdaFunction, Code, Runtime } from 'aws-cdk-lib/aws-lambda';
import jsonata from 'jsonata';
import type { Json } from './support/fixtures';
import { describeFormat } from './support/stored-format';
import { BatchProcessor, ChunkedBatchWorkflow } from '../../src';
import { BatchFinishEnv, type BatchEvent, type BatchFinishRequest } from '../../src/contract/batch';
import { processBatch } from '../../src/runtime/jobs/batch/process-batch.js';
import { silentLogger } from '../../src/runtime/support/logger.js';
import { ManualClock } from '../../src/runtime/testing/index.js';
import { createTestApp, synth } from '../support/cdk-stacks';
import { S3Stub } from '../support/s3-stub';

const FOLDER = 'runs/run/0/';
const request: BatchFinishRequest = {
  runId: 'run',
  prefix: 'sales/',
  folder: FOLDER,
  startedAt: '2026-11-30T00:00:00Z',
};
const states = {
  context: { Execution: { Name: 'b1' } },
  input: {
    BatchInput: { runId: 'run', prefix: 'sales/', folder: FOLDER },
    Items: ['good', 'bad'].map((name) => ({ key: `sales/incoming/${name}.csv`, size: 7, etag: '"e"' })),
  },
};
const result: Json = {
  version: 1,
  runId: 'run',
  batchId: 'b1',
  complete: true,
  files: [
    { key: 'sales/incoming/good.csv', outcome: 'processed', size: 7, milliseconds: 3, output: { rows: 3 } },
    { key: 'sales/incoming/bad.csv', outcome: 'failed', size: 7, milliseconds: 3, reason: 'no rows' },
  ],
};

let s3: S3Stub;
let finish: (of: BatchFinishRequest) => Promise<BatchEvent>;

beforeAll(async () => {
  s3 = await S3Stub.start();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'stub',
    AWS_SECRET_ACCESS_KEY: 'stub',
    [BatchFinishEnv.name]: 'Nightly',
    [BatchFinishEnv.sourceBucket]: 'inbox',
    [BatchFinishEnv.resultBucket]: 'results',
    [BatchFinishEnv.toleratedFailurePercentage]: '50',
  });
  finish = (await import('../../src/handlers/batch-finish/index.js')).handler;
  jest.spyOn(Date, 'now').mockReturnValue(Date.parse('2026-11-30T00:01:30Z'));
});
beforeEach(() => s3.objects.clear());
afterAll(() => s3.stop());

const text = (key: string) => s3.objects.get(`results/${FOLDER}${key}`)!.body.toString();
const stored = (key: string) => JSON.parse(text(key)) as Json;
const store = (key: string, value: Json) =>
  s3.objects.set(`results/${FOLDER}${key}`, { body: Buffer.from(JSON.stringify(value)), etag: '"m"', headers: {} });

interface State {
  readonly Arguments: { readonly Body: Json };
  readonly States: Readonly<Record<string, State>>;
  readonly ItemProcessor: State;
}

/** The state machine's states of a batch, as it is deployed. */
function batchStates(): State['States'] {
  const test = createTestApp();
  new ChunkedBatchWorkflow(test.stack, 'Nightly', {
    bucket: Bucket.fromBucketName(test.stack, 'Inbox', 'inbox'),
    prefixes: ['sales/'],
    processor: BatchProcessor.lambdaFunction(
      new LambdaFunction(test.stack, 'Own', {
        runtime: Runtime.NODEJS_24_X,
        handler: 'index.handler',
        code: Code.fromInline('exports.handler = 0'),
      }),
    ),
  });
  const [machine] = Object.values(synth(test).findResources('AWS::StepFunctions::StateMachine')) as {
    readonly Properties: { readonly DefinitionString: { readonly 'Fn::Join': readonly [string, unknown[]] } };
  }[];
  const [, parts] = machine.Properties.DefinitionString['Fn::Join'];
  const definition = JSON.parse(parts.map((part) => (typeof part === 'string' ? part : '…')).join('')) as State;
  return definition.States.Prefixes.ItemProcessor.States.Files.ItemProcessor.States;
}

/** What Step Functions stores for a body with expressions. */
async function evaluated(value: Json): Promise<Json> {
  if (typeof value === 'string') {
    return value.startsWith('{%')
      ? (JSON.parse(JSON.stringify(await jsonata(value.slice(2, -2)).evaluate({}, { states }))) as Json)
      : value;
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value);
  return Object.fromEntries(await Promise.all(entries.map(async ([name, of]) => [name, await evaluated(of)] as const)));
}

describeFormat({
  name: 'batch-run',
  closed: ['outcome', 'status', 'by'],
  async write() {
    const { Describe: describe } = batchStates();
    const document = await evaluated(describe.Arguments.Body);
    store('batches/b1.json', document);
    store('results/b1.json', result);
    const event = await finish(request);
    return {
      document,
      event: event as unknown as Json,
      manifest: stored('manifest.json'),
      'failed-file': JSON.parse(text('failed.jsonl')) as Json,
    };
  },
  async read({ document }) {
    store('batches/b1.json', { ...(document as object), filing: { by: 'none' } });
    const called: string[] = [];
    await processBatch(
      { bucket: 'results', key: `${FOLDER}batches/b1.json` },
      ({ key }) => void called.push(key),
      { client: s3.client(), concurrency: 1, logger: silentLogger, clock: new ManualClock() },
      { signal: new AbortController().signal, maxWaitMs: 0 },
    );
    expect(called).toEqual(['sales/incoming/good.csv', 'sales/incoming/bad.csv']);
    expect(await finish(request)).toMatchObject({ status: 'succeeded', files: { total: 2, processed: 2, failed: 0 } });
  },
});

test.each(['batches', 'results'])('a newer version in %s/ is refused, and no manifest is written', async (folder) => {
  store('batches/b1.json', { version: 1, batchId: 'b1', resultKey: `${FOLDER}results/b1.json`, files: [] });
  store(`${folder}/b1.json`, { version: 2, resultKey: `${FOLDER}results/b1.json`, units: [] });
  await expect(finish(request)).rejects.toThrow(
    `runs/run/0/${folder}/b1.json has version 2, and this function reads version 1: deploy the release that wrote it`,
  );
  expect(s3.objects.has(`results/${FOLDER}manifest.json`)).toBe(false);
});
