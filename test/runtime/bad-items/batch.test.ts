import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { BatchDocument, BatchResult } from '../../../src/contract/batch';
import { BatchExitCode, type BatchHandler, runBatch } from '../../../src/runtime/entries/batch.js';
import { PoisonMessage, RetryLater } from '../../../src/runtime/index.js';
import { silentLogger } from '../../../src/runtime/support/logger.js';
import { EmulatedS3 } from '../../support/emulated-s3';
import { THROWN } from '../support/thrown-values';

jest.setTimeout(120_000);

const GOOD = 99;
const refuse = (): never => {
  throw new Error('gotcha');
};

/** Ways of a file to be bad: what its handler does, and the reason if it is certain. */
const BAD: readonly (readonly [string, () => unknown, string?])[] = [
  ...THROWN.map(([what, value]): [string, () => unknown] => [
    `throws ${what}`,
    () => {
      throw value();
    },
  ]),
  [
    'throws an error',
    () => {
      throw new Error('wrong');
    },
    'wrong',
  ],
  ['rejects', () => Promise.reject(new Error('wrong')), 'wrong'],
  [
    'says that no attempt can succeed',
    () => {
      throw new PoisonMessage('wrong');
    },
    'wrong',
  ],
  [
    'asks for another attempt each time',
    () => {
      throw new RetryLater({ seconds: 0, reason: 'not yet' });
    },
  ],
  ['returns more than a result has room for', () => ({ text: 'x'.repeat(2_000_000) })],
  ['returns what has no JSON', () => ({ size: 1n })],
  [
    'returns a circle',
    () => {
      const circle: Record<string, unknown> = {};
      circle['self'] = circle;
      return circle;
    },
  ],
  [
    'returns an object that cannot be read',
    () => ({
      get rows() {
        return refuse();
      },
    }),
  ],
];

let s3: EmulatedS3;
let result: BatchResult;
const processed: string[] = [];

const keyOf = (index: number) => `in/${String(index).padStart(3, '0')}`;
/** Bad files are among the good ones. */
const wayOf = new Map(BAD.map(([, handle], way) => [keyOf(3 * way + 1), handle]));
const keys = Array.from({ length: GOOD + BAD.length }, (_, index) => keyOf(index));

beforeAll(async () => {
  s3 = await EmulatedS3.start();
  await s3.client.send(new CreateBucketCommand({ Bucket: 'runs' }));
  const document: BatchDocument = {
    version: 1,
    runId: 'run',
    batchId: 'b',
    bucket: 'inbox',
    files: keys.map((key) => ({ key, size: 1, etag: `"${key}"` })),
    filing: { by: 'none' },
    resultKey: 'results/b.json',
  };
  await s3.client.send(new PutObjectCommand({ Bucket: 'runs', Key: 'b.json', Body: JSON.stringify(document) }));
  const handler: BatchHandler = ({ key }) => {
    const handle = wayOf.get(key);
    if (handle === undefined) {
      processed.push(key);
      return { rows: 1 };
    }
    return handle();
  };
  const codes: number[] = [];
  await runBatch(handler, {
    client: s3.client,
    env: { FILEWORKS_BATCH_BUCKET: 'runs', FILEWORKS_BATCH_KEY: 'b.json' },
    logger: silentLogger,
    retry: () => 0,
    concurrency: 5,
    exit: (code) => codes.push(code),
  });
  expect(codes).toEqual([BatchExitCode.done]);
  const { Body: body } = await s3.client.send(new GetObjectCommand({ Bucket: 'runs', Key: document.resultKey }));
  result = JSON.parse(await body!.transformToString()) as BatchResult;
});
afterAll(() => s3.stop());

test.each(BAD.map(([what, , reason], way) => [what, keyOf(3 * way + 1), reason] as const))(
  'a file of a batch that %s fails alone, with its reason',
  (_, key, reason) => {
    expect(result.files.filter((file) => file.key === key)).toEqual([
      expect.objectContaining({ outcome: 'failed', reason: reason ?? expect.stringMatching(/\S/) }),
    ]);
  },
);

test('the 99 good files beside them are processed once', () => {
  const good = keys.filter((key) => !wayOf.has(key));
  expect(good).toHaveLength(GOOD);
  expect([...processed].sort()).toEqual(good);
  expect(result).toMatchObject({ complete: true });
  expect(
    result.files
      .filter(({ outcome }) => outcome === 'processed')
      .map(({ key }) => key)
      .sort(),
  ).toEqual(good);
});
