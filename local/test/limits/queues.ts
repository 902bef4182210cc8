import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { until } from '../support/cloud';
import type { CallRow, TemplateRow, World } from './row';

const GUIDE = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide';
const API = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference';
const FIFO = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };

const statements = (count: number, length = 1) =>
  Array.from({ length: count }, (_, index) => ({
    Sid: `${'s'.repeat(length)}${index}`,
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: '*',
  }));
const policy = (count: number, length?: number) => ({ Version: '2012-10-17', Statement: statements(count, length) });

const setPolicy = async (world: World, document: unknown) =>
  world.sqs.send(
    new SetQueueAttributesCommand({ QueueUrl: await world.queue(), Attributes: { Policy: JSON.stringify(document) } }),
  );

/** The receipt handle of a message whose lease has ended. */
async function endedLease(world: World, attributes: Record<string, string>): Promise<[string, string]> {
  const url = await world.queue({ ...attributes, VisibilityTimeout: '1' });
  const group = attributes['FifoQueue'] === 'true' ? { MessageGroupId: 'group' } : {};
  await world.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'body', ...group }));
  const { Messages: [message] = [] } = await world.sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
  const ends = Date.now() + 1_100;
  await until(() => Date.now() > ends, 'the end of the lease');
  return [url, message.ReceiptHandle ?? ''];
}

export const calls: CallRow[] = [
  {
    service: 'SQS',
    limit: 'Statements of a queue policy: 20',
    page: `${GUIDE}/quotas-policies.html`,
    call: 'SetQueueAttributes with 21',
    error: 'OverLimit',
    status: 403,
    send: (world) => setPolicy(world, policy(21)),
  },
  {
    service: 'SQS',
    limit: 'Size of a queue policy: 8,192 bytes',
    page: `${GUIDE}/quotas-policies.html`,
    call: 'SetQueueAttributes with 10 statements of 1,000 bytes',
    error: 'OverLimit',
    status: 403,
    send: (world) => setPolicy(world, policy(10, 1_000)),
  },
  {
    service: 'SQS',
    limit: 'Actions of a statement of a queue policy: 7',
    page: `${GUIDE}/quotas-policies.html`,
    call: 'SetQueueAttributes with 8',
    error: 'OverLimit',
    status: 403,
    send: (world) =>
      setPolicy(world, {
        Version: '2012-10-17',
        Statement: [{ ...statements(1)[0], Action: Array.from('abcdefgh', (letter) => `sqs:Get${letter}`) }],
      }),
  },
  {
    service: 'SQS',
    limit: 'Attributes of a message: 10',
    page: `${GUIDE}/quotas-messages.html`,
    call: 'SendMessage with 11',
    error: 'InvalidParameterValue',
    status: 400,
    send: async (world) =>
      world.sqs.send(
        new SendMessageCommand({
          QueueUrl: await world.queue(),
          MessageBody: 'body',
          MessageAttributes: Object.fromEntries(
            Array.from({ length: 11 }, (_, index) => [`a${index}`, { DataType: 'String', StringValue: 'v' }]),
          ),
        }),
      ),
  },
  {
    service: 'SQS',
    limit: 'Size of a message: 1 MiB',
    page: `${GUIDE}/quotas-messages.html`,
    call: 'SendMessage with 1,048,577 bytes',
    error: 'InvalidParameterValue',
    status: 400,
    send: async (world) =>
      world.sqs.send(new SendMessageCommand({ QueueUrl: await world.queue(), MessageBody: 'b'.repeat(1_048_577) })),
  },
  {
    service: 'SQS',
    limit: 'Size of a message with its attributes: 1 MiB',
    page: `${GUIDE}/sqs-message-metadata.html`,
    call: 'SendMessage with 1,048,570 bytes and an attribute',
    error: 'InvalidParameterValue',
    status: 400,
    send: async (world) =>
      world.sqs.send(
        new SendMessageCommand({
          QueueUrl: await world.queue(),
          MessageBody: 'b'.repeat(1_048_570),
          MessageAttributes: { name: { DataType: 'String', StringValue: 'value' } },
        }),
      ),
  },
  {
    service: 'SQS',
    limit: 'Characters of a message: those of XML 1.0',
    page: `${GUIDE}/quotas-messages.html`,
    call: 'SendMessage with U+0001',
    error: 'InvalidMessageContents',
    status: 400,
    send: async (world) =>
      world.sqs.send(new SendMessageCommand({ QueueUrl: await world.queue(), MessageBody: 'a\u0001' })),
  },
  {
    service: 'SQS',
    limit: 'Delay of a message: 900 seconds',
    page: `${GUIDE}/quotas-messages.html`,
    call: 'SendMessage with DelaySeconds 901',
    error: 'InvalidParameterValue',
    status: 400,
    send: async (world) =>
      world.sqs.send(new SendMessageCommand({ QueueUrl: await world.queue(), MessageBody: 'body', DelaySeconds: 901 })),
  },
  {
    service: 'SQS',
    limit: 'Messages of a batch: 10',
    page: `${GUIDE}/quotas-messages.html`,
    call: 'SendMessageBatch with 11',
    error: 'TooManyEntriesInBatchRequest',
    status: 400,
    send: async (world) =>
      world.sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: await world.queue(),
          Entries: Array.from({ length: 11 }, (_, index) => ({ Id: String(index), MessageBody: 'body' })),
        }),
      ),
  },
  {
    service: 'SQS',
    limit: 'Messages of a receive: 10',
    page: `${API}/API_ReceiveMessage.html`,
    call: 'ReceiveMessage with MaxNumberOfMessages 11',
    error: 'InvalidParameterValue',
    status: 400,
    send: async (world) =>
      world.sqs.send(new ReceiveMessageCommand({ QueueUrl: await world.queue(), MaxNumberOfMessages: 11 })),
  },
  {
    service: 'SQS',
    limit: 'Visibility timeout: 12 hours',
    page: `${API}/API_ReceiveMessage.html`,
    call: 'ReceiveMessage with VisibilityTimeout 43,201',
    error: 'InvalidParameterValue',
    status: 400,
    send: async (world) =>
      world.sqs.send(new ReceiveMessageCommand({ QueueUrl: await world.queue(), VisibilityTimeout: 43_201 })),
  },
  {
    service: 'SQS',
    limit: 'Interval of purges: 60 seconds',
    page: `${API}/API_PurgeQueue.html`,
    call: 'PurgeQueue twice',
    error: 'PurgeQueueInProgress',
    status: 403,
    send: async (world) => {
      const request = { QueueUrl: await world.queue() };
      await world.sqs.send(new PurgeQueueCommand(request));
      await world.sqs.send(new PurgeQueueCommand(request));
    },
  },
  {
    service: 'SQS',
    limit: 'Dead-letter queue: of the same type as its source',
    page: `${GUIDE}/sqs-dead-letter-queues.html`,
    call: 'CreateQueue of a FIFO queue with a standard dead-letter queue',
    error: 'InvalidParameterValue',
    status: 400,
    send: async (world) => {
      const url = await world.queue();
      const deadLetterTargetArn = world.arn('sqs', url.split('/').at(-1) ?? '');
      const redrive = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 });
      await world.sqs.send(
        new CreateQueueCommand({ QueueName: `${world.name()}.fifo`, Attributes: { ...FIFO, RedrivePolicy: redrive } }),
      );
    },
  },
  {
    service: 'SQS',
    limit: 'Retention: 60 seconds to 14 days',
    page: `${GUIDE}/quotas-messages.html`,
    call: 'CreateQueue with MessageRetentionPeriod 59',
    error: 'InvalidAttributeValue',
    status: 400,
    send: (world) => world.queue({ MessageRetentionPeriod: '59' }),
  },
  {
    service: 'SQS',
    limit: 'Lease of a FIFO queue: a delete after its end',
    page: `${API}/API_DeleteMessage.html`,
    call: 'DeleteMessage with the handle of a lease that has ended',
    error: 'InvalidParameterValue',
    status: 400,
    send: async (world) => {
      const [url, handle] = await endedLease(world, FIFO);
      await world.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handle }));
    },
  },
  {
    service: 'SQS',
    limit: 'Lease: an extension after its end',
    page: `${API}/API_ChangeMessageVisibility.html`,
    call: 'ChangeMessageVisibility with the handle of a lease that has ended',
    error: 'MessageNotInflight',
    status: 400,
    send: async (world) => {
      const [url, handle] = await endedLease(world, {});
      await world.sqs.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout: 30 }),
      );
    },
  },
];

export const templates: TemplateRow[] = [
  {
    service: 'SQS',
    limit: 'Statements of a queue policy: 20',
    page: `${GUIDE}/quotas-policies.html`,
    template: 'a queue policy with 21',
    error: 'OverLimit',
    resources: {
      Queue: { Type: 'AWS::SQS::Queue' },
      Policy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: { Queues: [{ Ref: 'Queue' }], PolicyDocument: policy(21) },
      },
    },
  },
  {
    service: 'SQS',
    limit: 'Delay of a queue: 900 seconds',
    page: `${API}/API_CreateQueue.html`,
    template: 'a queue with DelaySeconds 901',
    error: 'InvalidAttributeValue',
    resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: 901 } } },
  },
];
