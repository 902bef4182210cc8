import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { LocalCloud } from '../../local/src';
import { APP, TASKS, TOOLS, until } from '../../local/test/support/cloud';
import { fileworks, useEndpoint } from './support/command';

jest.setTimeout(600_000);

/** 10,000 by hand; as many as show every way in the gate. */
const LETTERS = Number(process.env.FILEWORKS_LETTERS ?? 60);

let cloud: LocalCloud;
let sqs: SQSClient;
let deadLetters: string;
let source: string;

beforeAll(async () => {
  cloud = await LocalCloud.start({ app: APP, tasks: TASKS, toolsDir: TOOLS, speed: 300 });
  useEndpoint(cloud);
  process.env.FILEWORKS_STACK = 'Pipeline';
  sqs = new SQSClient(cloud.clientConfig());
  source = cloud.outputs('Pipeline').QueueUrl;
  const { Attributes: { RedrivePolicy: policy } = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: source, AttributeNames: ['RedrivePolicy'] }),
  );
  const { deadLetterTargetArn: arn } = JSON.parse(policy!) as { deadLetterTargetArn: string };
  deadLetters = `${source.slice(0, source.lastIndexOf('/'))}/${arn.split(':').at(-1)}`;
});

afterAll(async () => {
  sqs.destroy();
  await cloud.stop();
});

const json = async <T>(...args: string[]) => {
  const ended = await fileworks(['--json', ...args]);
  expect(ended.err).toBe('');
  return JSON.parse(ended.out) as T;
};

async function count(url: string): Promise<number> {
  const { Attributes: found = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  );
  return Number(found.ApproximateNumberOfMessages) + Number(found.ApproximateNumberOfMessagesNotVisible);
}

async function fill(keys: readonly string[], reason = 'the file is empty'): Promise<void> {
  for (let start = 0; start < keys.length; start += 10) {
    await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: deadLetters,
        Entries: keys.slice(start, start + 10).map((key, index) => ({
          Id: String(index),
          MessageBody: JSON.stringify({ id: `c-${start + index}`, detail: { bucket: { name: 'b' }, object: { key } } }),
          MessageAttributes: {
            'fileworks-poison-reason': { DataType: 'String', StringValue: reason },
            team: { DataType: 'String', StringValue: 'a' },
          },
        })),
      }),
    );
  }
}

test('a stack, a worker and a queue that are not there end with 3 and what there is', async () => {
  expect(await fileworks(['--stack', 'Nowhere', 'status'])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/--stack names no stack .* got: Nowhere/),
  });
  expect(await fileworks(['suspend', 'other'])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/the worker must be one of this stack, got: other; there are Service/),
  });
  expect(await fileworks(['dlq', 'show', 'other'])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/got: other; there are DeadLetters/),
  });
  expect(await fileworks(['files', 'list'])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/a dispatcher is needed, and this stack has no dispatcher/),
  });
});

test('scaling is changed, suspended and resumed, and a dry run changes nothing', async () => {
  type Change = { before: object; after: object; unchanged: boolean };
  expect(await json<Change>('--dry-run', 'scale', '--max', '9')).toMatchObject({
    after: { min: 0, max: 9 },
    unchanged: true,
  });
  expect(await json<Change>('scale', '--max', '5')).toMatchObject({
    before: { min: 0, max: 3 },
    after: { min: 0, max: 5, suspended: false },
    unchanged: false,
  });
  expect(await fileworks(['scale', '--min', '6'])).toMatchObject({
    code: 2,
    err: expect.stringMatching(/--min cannot be above --max, got: 6 and 5/),
  });
  expect((await fileworks(['suspend'])).out).toBe(
    'Service: 0 to 5 tasks, scaling active → 0 to 5 tasks, scaling suspended',
  );
  expect((await fileworks(['suspend'])).out).toMatch(/\(as it was\)$/);
  const { out } = await fileworks(['--json', 'watch', '--interval', '1', '--count', '2']);
  const looks = out.split('\n').map((line) => JSON.parse(line) as { findings: { problem: string }[] });
  const suspended = expect.arrayContaining([
    expect.objectContaining({ problem: expect.stringMatching(/^scaling of Service is suspended/) }),
  ]);
  expect(looks).toEqual([
    expect.objectContaining({ findings: suspended }),
    expect.objectContaining({ findings: suspended }),
  ]);
  expect(await json<Change>('resume')).toMatchObject({ after: { max: 5, suspended: false } });
  await fileworks(['scale', '--max', '3']);
});

describe('dead letters', () => {
  type Done = {
    matched: number;
    passedOver: number;
    redriven?: number;
    deleted?: number;
    failed: number;
    incomplete: boolean;
  };

  beforeAll(async () => {
    // Nobody takes what is redriven
    await fileworks(['suspend']);
    const keys = Array.from({ length: LETTERS }, (_, index) => `in/${index % 2 === 0 ? 'even' : 'odd'}/${index}.zip`);
    await fill(keys);
    await fill(['in/\u001b[2J\u202eevil.zip'], 'not\ta zip');
  });

  test('are shown with the reason, without bodies, and stay', async () => {
    const { out } = await fileworks(['dlq', 'show', '--key', '*evil*']);
    expect(out).toMatch(/in\/\\x1b\[2J\\u202eevil\.zip {2}c-0 +not\\x09a zip$/m);
    expect(out).not.toContain('detail');
    expect((await fileworks(['dlq', 'show', '--key', '*evil*', '--body'])).out).toContain('{"id":"c-0","detail"');
    expect(await json('dlq', 'list')).toEqual([
      { queue: 'DeadLetters', waiting: LETTERS + 1, inWork: 0, redrivesTo: 'Queue' },
    ]);
  });

  test('are counted by a dry run and left where they are', async () => {
    expect(await json<Done>('--dry-run', 'dlq', 'redrive', '--key', 'in/even/*')).toMatchObject({
      matched: LETTERS / 2,
      passedOver: LETTERS / 2 + 1,
      redriven: 0,
      failed: 0,
      incomplete: false,
    });
    expect(await count(deadLetters)).toBe(LETTERS + 1);
    expect(await count(source)).toBe(0);
  });

  test('are not purged without a word', async () => {
    expect(await fileworks(['dlq', 'purge'])).toMatchObject({
      code: 4,
      err: expect.stringMatching(/purge deletes all messages .*: this cannot be undone; add --yes/),
    });
    expect(await fileworks(['dlq', 'purge'], 'no')).toMatchObject({
      code: 4,
      err: expect.stringMatching(/not confirmed, nothing was done/),
    });
    expect(await count(deadLetters)).toBe(LETTERS + 1);
  });

  test('are redriven at the rate that was asked for, each once, without what their end added', async () => {
    const rate = Math.min(1_000, LETTERS / 3);
    const started = Date.now();
    const before = process.memoryUsage().heapUsed;
    expect(await json<Done>('dlq', 'redrive', '--key', 'in/even/*', '--rate', String(rate))).toMatchObject({
      matched: LETTERS / 2,
      redriven: LETTERS / 2,
      passedOver: LETTERS / 2 + 1,
      failed: 0,
    });
    const seconds = (Date.now() - started) / 1_000;
    expect(seconds).toBeGreaterThanOrEqual(LETTERS / 2 / rate);
    process.stderr.write(
      `${LETTERS / 2} redriven and ${LETTERS / 2 + 1} passed over in ${seconds.toFixed(1)} s, heap ${((process.memoryUsage().heapUsed - before) / 2 ** 20).toFixed(0)} MiB more\n`,
    );
    expect(await count(source)).toBe(LETTERS / 2);
    expect(await count(deadLetters)).toBe(LETTERS / 2 + 1);
    const { Messages: [sample] = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: source, MessageAttributeNames: ['All'], VisibilityTimeout: 0 }),
    );
    expect(JSON.parse(sample.Body!)).toMatchObject({
      detail: { object: { key: expect.stringMatching(/^in\/even\//) } },
    });
    expect(Object.keys(sample.MessageAttributes!)).toEqual(['team']);
  });

  test('are purged by what matches, when somebody says yes', async () => {
    expect((await fileworks(['dlq', 'purge', '--key', '*evil*'], 'yes')).out).toBe(
      `1 deleted, ${LETTERS / 2} passed over, 0 failed`,
    );
    expect(await json<Done>('--yes', 'dlq', 'purge', '--limit', '5')).toMatchObject({ deleted: 5, incomplete: true });
    expect(await json<Done>('--yes', 'dlq', 'purge')).toMatchObject({ deleted: LETTERS / 2 - 5, incomplete: false });
    await until(async () => (await count(deadLetters)) === 0, 'an empty queue');
  });
});
