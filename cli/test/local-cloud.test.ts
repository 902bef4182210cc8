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

/** Set it to 10,000 for a manual run; 60 cover every path. */
const MESSAGES = Number(process.env.FILEWORKS_MESSAGES ?? 60);

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

test('an unknown stack, service, queue or dispatcher exits with 3 and lists the known ones', async () => {
  expect(await fileworks(['--stack', 'Nowhere', 'status'])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/--stack must name a stack in this account and region, got: Nowhere/),
  });
  expect(await fileworks(['suspend', 'other'])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/the service must be one of the stack, got: other; this stack has Service/),
  });
  expect(await fileworks(['dlq', 'purge', 'other'])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/got: other; this stack has DeadLetters/),
  });
  expect(await fileworks(['rerun', 'list', 'other'])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/the source must be one of the stack, got: other; this stack has DeadLetters/),
  });
  expect(await fileworks(['files', 'list'])).toMatchObject({
    code: 3,
    err: expect.stringMatching(/a dispatcher is required, but this stack has no dispatcher/),
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
    err: expect.stringMatching(/--min cannot be greater than --max, got: 6 and 5/),
  });
  expect((await fileworks(['suspend'])).out).toBe(
    'Service: 0 to 5 tasks, scaling active → 0 to 5 tasks, scaling suspended',
  );
  expect((await fileworks(['suspend'])).out).toMatch(/\(unchanged\)$/);
  const { out } = await fileworks(['--json', 'watch', '--interval', '1', '--count', '2']);
  const updates = out.split('\n').map((line) => JSON.parse(line) as { findings: { problem: string }[] });
  const suspended = expect.arrayContaining([
    expect.objectContaining({ problem: expect.stringMatching(/^scaling of Service is suspended/) }),
  ]);
  expect(updates).toEqual([
    expect.objectContaining({ findings: suspended }),
    expect.objectContaining({ findings: suspended }),
  ]);
  expect(await json<Change>('resume')).toMatchObject({ after: { max: 5, suspended: false } });
  await fileworks(['scale', '--max', '3']);
});

describe('dead-letter messages', () => {
  type Done = {
    matched: number;
    notMatched: number;
    rerun?: number;
    deleted?: number;
    failed: number;
    incomplete: boolean;
  };

  beforeAll(async () => {
    // No worker receives messages that are sent again
    await fileworks(['suspend']);
    const keys = Array.from({ length: MESSAGES }, (_, index) => `in/${index % 2 === 0 ? 'even' : 'odd'}/${index}.zip`);
    await fill(keys);
    await fill(['in/\u001b[2J\u202eevil.zip'], 'not\ta zip');
  });

  test('are listed with the reason, without bodies, and stay', async () => {
    const { out } = await fileworks(['rerun', 'list', '--key', '*evil*']);
    expect(out).toMatch(/in\/\\x1b\[2J\\u202eevil\.zip {2}c-0 +not\\x09a zip$/m);
    expect(out).not.toContain('detail');
    expect((await fileworks(['rerun', 'list', '--key', '*evil*', '--body'])).out).toContain('{"id":"c-0","detail"');
    expect(await count(deadLetters)).toBe(MESSAGES + 1);
    const [listed] = await json<{ source: string; kind: string; items: object[]; more: boolean }[]>('rerun', 'list');
    expect(listed).toMatchObject({ source: 'DeadLetters', kind: 'dead-letter queue', more: true });
    expect(listed.items).toHaveLength(10);
  });

  test('are counted by a dry run and stay', async () => {
    expect(await json<Done[]>('--dry-run', 'rerun', 'DeadLetters', '--key', 'in/even/*')).toEqual([
      {
        source: 'DeadLetters',
        kind: 'dead-letter queue',
        dryRun: true,
        matched: MESSAGES / 2,
        notMatched: MESSAGES / 2 + 1,
        rerun: 0,
        failed: 0,
        incomplete: false,
      },
    ]);
    expect(await count(deadLetters)).toBe(MESSAGES + 1);
    expect(await count(source)).toBe(0);
  });

  test('are not purged without confirmation', async () => {
    expect(await fileworks(['dlq', 'purge'])).toMatchObject({
      code: 4,
      err: expect.stringMatching(/purge deletes all messages in .*: this cannot be undone; add --yes/),
    });
    expect(await fileworks(['dlq', 'purge'], 'no')).toMatchObject({
      code: 4,
      err: expect.stringMatching(/not confirmed, nothing changed/),
    });
    expect(await count(deadLetters)).toBe(MESSAGES + 1);
  });

  test('are run again at the given rate, each once, without the attributes of their failure', async () => {
    const rate = Math.min(1_000, MESSAGES / 3);
    const started = Date.now();
    const before = process.memoryUsage().heapUsed;
    expect(await json<Done[]>('rerun', '--key', 'in/even/*', '--rate', String(rate))).toMatchObject([
      { matched: MESSAGES / 2, rerun: MESSAGES / 2, notMatched: MESSAGES / 2 + 1, failed: 0 },
    ]);
    const seconds = (Date.now() - started) / 1_000;
    expect(seconds).toBeGreaterThanOrEqual(MESSAGES / 2 / rate);
    process.stderr.write(
      `${MESSAGES / 2} run again and ${MESSAGES / 2 + 1} not matched in ${seconds.toFixed(1)} s, heap ${((process.memoryUsage().heapUsed - before) / 2 ** 20).toFixed(0)} MiB more\n`,
    );
    expect(await count(source)).toBe(MESSAGES / 2);
    expect(await count(deadLetters)).toBe(MESSAGES / 2 + 1);
    const { Messages: [sample] = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: source, MessageAttributeNames: ['All'], VisibilityTimeout: 0 }),
    );
    expect(JSON.parse(sample.Body!)).toMatchObject({
      detail: { object: { key: expect.stringMatching(/^in\/even\//) } },
    });
    expect(Object.keys(sample.MessageAttributes!)).toEqual(['team']);
  });

  test('are purged if they match, after confirmation', async () => {
    expect((await fileworks(['dlq', 'purge', '--key', '*evil*'], 'yes')).out).toBe(
      `1 deleted, ${MESSAGES / 2} not matched, 0 failed`,
    );
    expect(await json<Done>('--yes', 'dlq', 'purge', '--limit', '5')).toMatchObject({ deleted: 5, incomplete: true });
    expect(await json<Done>('--yes', 'dlq', 'purge')).toMatchObject({ deleted: MESSAGES / 2 - 5, incomplete: false });
    await until(async () => (await count(deadLetters)) === 0, 'an empty queue');
  });
});
