import type { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type FunctionMessage, MessageWait } from '../../../src/runtime/queue/message-wait.js';
import { ManualClock } from '../../../src/runtime/testing/index.js';

const denied = Object.assign(new Error('denied'), { name: 'AccessDenied', $metadata: {} });
const message = (messageId: string, more: Partial<FunctionMessage> = {}): FunctionMessage => ({
  messageId,
  body: `body of ${messageId}`,
  attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1000' },
  ...more,
});

const setup = (send: (input: SendMessageCommand['input']) => unknown = () => ({})) => {
  const clock = new ManualClock();
  const sent: SendMessageCommand['input'][] = [];
  const reports: [string, number][] = [];
  const failures: unknown[] = [];
  const sqs = {
    send: async ({ input }: SendMessageCommand) => {
      await Promise.resolve();
      sent.push(input);
      return send(input);
    },
  } as unknown as SQSClient;
  const wait = new MessageWait({
    sqs,
    queueUrl: 'queue',
    clock,
    onUnavailable: (...report) => reports.push(report),
    onFailed: (_message, error) => failures.push(error),
  });
  return { clock, sent, reports, failures, wait };
};
const resentOf = ({ MessageAttributes: attributes }: SendMessageCommand['input']) =>
  JSON.parse(attributes?.['fileworks-resent'].StringValue ?? '{}') as Record<string, unknown>;

test('a message that is sent anew keeps its id, time, attempts and attributes', async () => {
  const { sent, wait } = setup();
  const work = () => Promise.reject(denied);
  const messageAttributes = {
    text: { dataType: 'String', stringValue: 'a' },
    bytes: { dataType: 'Binary', binaryValue: Buffer.from('b').toString('base64') },
  };
  const attributes = { ApproximateReceiveCount: '3', SentTimestamp: '1000' };
  expect(await wait.run([message('m', { attributes, messageAttributes })], work)).toEqual([]);
  expect(sent[0]).toMatchObject({
    QueueUrl: 'queue',
    MessageBody: 'body of m',
    MessageAttributes: { text: { StringValue: 'a' }, bytes: { BinaryValue: Buffer.from('b') } },
  });
  expect(resentOf(sent[0])).toEqual({ v: 1, id: 'm', sentAt: 1_000, attempts: 2 });
  const resent = { dataType: 'String', stringValue: sent[0].MessageAttributes?.['fileworks-resent'].StringValue };
  await wait.run([message('n', { messageAttributes: { 'fileworks-resent': resent } })], work);
  expect(resentOf(sent[1])).toEqual({ v: 1, id: 'm', sentAt: 1_000, attempts: 2 });
});

test('a dependency that is unavailable is called once in ten seconds, and reported since its first refusal', async () => {
  const { clock, reports, wait } = setup();
  let calls = 0;
  const work = () => ((calls += 1), Promise.reject(denied));
  const messages = ['a', 'b', 'c'].map((id) => message(id));
  await wait.run(messages, work);
  expect(calls).toBe(3);
  for (let second = 1; second <= 60; second += 1) {
    await clock.advance(1_000);
    await wait.run(messages, work);
  }
  expect(calls).toBe(9);
  expect(reports.at(-1)).toEqual(['AWS', 60]);
  await clock.advance(10_000);
  expect(await wait.run(messages, () => Promise.resolve())).toEqual([]);
  await wait.run([message('d')], work);
  expect(reports.at(-1)).toEqual(['AWS', 0]);
});

test('other errors use up receives, and do not stop other messages', async () => {
  const { failures, sent, wait } = setup();
  const defect = new Error('a defect');
  const work = ({ messageId }: FunctionMessage) => (messageId === 'a' ? Promise.reject(defect) : Promise.resolve());
  expect(await wait.run([message('a'), message('b')], work)).toEqual(['a']);
  expect([failures, sent]).toEqual([[defect], []]);
});

test('a message that cannot be sent anew is redelivered', async () => {
  const away = setup(() => {
    throw denied;
  });
  expect(await away.wait.run([message('a')], () => Promise.reject(denied))).toEqual(['a']);
  const full = setup();
  const messageAttributes = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`n${index}`, { dataType: 'String', stringValue: 'x' }]),
  );
  expect(await full.wait.run([message('a', { messageAttributes })], () => Promise.reject(denied))).toEqual(['a']);
  expect(full.sent).toEqual([]);
});

test('a message that is refused while others are done uses up receives', async () => {
  const { clock, sent, wait } = setup();
  const work = ({ messageId }: FunctionMessage) => (messageId === 'bad' ? Promise.reject(denied) : Promise.resolve());
  const attributes = { ApproximateReceiveCount: '1', SentTimestamp: String(clock.date().getTime()) };
  expect(await wait.run([message('bad', { attributes })], work)).toEqual([]);
  const resent = { dataType: 'String', stringValue: sent[0].MessageAttributes?.['fileworks-resent'].StringValue };
  const again = () =>
    message('bad', {
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(clock.date().getTime()) },
      messageAttributes: { 'fileworks-resent': resent },
    });
  const bad = again();
  await clock.advance(30_000);
  expect(await wait.run([message('1'), message('2'), bad], work)).toEqual([]);
  await clock.advance(30_000);
  expect(await wait.run([message('3'), bad], work)).toEqual(['bad']);
  expect(await wait.run([again()], work)).toEqual([]);
  await clock.advance(4 * 86_400_000);
  expect(await wait.run([again()], work)).toEqual(['bad']);
});
