import { DynamoDBClient, GetItemCommand, PutItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { LocalCloud } from '../src';
import { ControlServer } from '../src/control-server';
import { TOOLS, until } from './support/cloud';
import { writeApp } from './support/app';

jest.setTimeout(120_000);

let cloud: LocalCloud;
let s3: S3Client;
let sqs: SQSClient;
let dynamoDb: DynamoDBClient;
let bucket: string;
let queue: string;
let table: string;

beforeAll(async () => {
  const Resources = {
    Bucket: { Type: 'AWS::S3::Bucket' },
    Queue: { Type: 'AWS::SQS::Queue' },
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      },
    },
  };
  const Outputs = Object.fromEntries(Object.keys(Resources).map((name) => [name, { Value: { Ref: name } }]));
  cloud = await LocalCloud.start({ app: writeApp({ App: { Resources, Outputs } }), toolsDir: TOOLS, speed: 0.1 });
  ({ Bucket: bucket, Queue: queue, Table: table } = cloud.outputs('App'));
  const config = { ...cloud.clientConfig(), maxAttempts: 1 };
  s3 = new S3Client(config);
  sqs = new SQSClient(config);
  dynamoDb = new DynamoDBClient(config);
});

afterAll(async () => {
  [s3, sqs, dynamoDb].forEach((client) => client.destroy());
  await cloud.stop();
});

const put = (key: string, conditions = {}) =>
  s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'b', ...conditions }));
const exists = (key: string) =>
  s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key })).then(
    () => true,
    () => false,
  );
const send = () => sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: 'body' }));
const item = (id: string) => ({ TableName: table, Item: { id: { S: id } } });
const stored = async (id: string) =>
  (await dynamoDb.send(new GetItemCommand({ TableName: table, Key: { id: { S: id } } }))).Item !== undefined;

test('a conditional write meets a conflict, as often as asked for, and has no effect', async () => {
  await cloud.faults.failNext({ action: 's3:PutObject', error: 'ConditionalRequestConflict', count: 2 });
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(put('conflict', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'ConditionalRequestConflict',
      $metadata: { httpStatusCode: 409 },
    });
  }
  expect(await exists('conflict')).toBe(false);
  await put('conflict', { IfNoneMatch: '*' });
  expect(await exists('conflict')).toBe(true);
});

test('only calls on the named resource fail', async () => {
  await cloud.faults.failNext({ action: 's3:PutObject', resource: 'arn:aws:s3:::*/slow/*', error: 'SlowDown' });
  await put('fast/a');
  await expect(put('slow/a')).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
});

test('a transaction is cancelled with a reason for each item', async () => {
  await cloud.faults.failNext({ action: 'dynamodb:TransactWriteItems', error: 'TransactionCanceledException' });
  const transaction = new TransactWriteItemsCommand({ TransactItems: [{ Put: item('t1') }, { Put: item('t2') }] });
  await expect(dynamoDb.send(transaction)).rejects.toMatchObject({
    name: 'TransactionCanceledException',
    CancellationReasons: [{ Code: 'TransactionConflict' }, { Code: 'None' }],
  });
  expect(await stored('t1')).toBe(false);
  await dynamoDb.send(transaction);
  expect(await stored('t2')).toBe(true);
});

test('a throttled call has no effect; its record has the status of the failure', async () => {
  await cloud.faults.failNext({ action: 'dynamodb:PutItem', error: 'ProvisionedThroughputExceededException' });
  await expect(dynamoDb.send(new PutItemCommand(item('throttled')))).rejects.toMatchObject({
    name: 'ProvisionedThroughputExceededException',
    $metadata: { httpStatusCode: 400 },
  });
  expect(await stored('throttled')).toBe(false);
  const record = await until(
    () => cloud.calls().find(({ context }) => String(context?.['dynamodb:LeadingKeys']) === 'throttled'),
    'the record of the call',
  );
  expect(record).toMatchObject({ action: 'dynamodb:PutItem', status: 400 });
});

test('a connection ends after the effect: the caller does not learn of it', async () => {
  await cloud.faults.failNext({ action: 'sqs:SendMessage', error: 'ConnectionClosed', afterEffect: true });
  await expect(send()).rejects.toThrow(/socket hang up|ECONNRESET/);
  const { Attributes: counts } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  expect(counts).toEqual({ ApproximateNumberOfMessages: '1' });
  await sqs.send(new ReceiveMessageCommand({ QueueUrl: queue }));
});

test('a connection ends before the effect, and a batch is a call of its action', async () => {
  await cloud.faults.failNext({ action: 'sqs:SendMessage', error: 'ConnectionClosed' });
  const batch = new SendMessageBatchCommand({ QueueUrl: queue, Entries: [{ Id: 'a', MessageBody: 'body' }] });
  await expect(sqs.send(batch)).rejects.toThrow(/socket hang up|ECONNRESET/);
  expect(await sqs.send(new ReceiveMessageCommand({ QueueUrl: queue }))).not.toHaveProperty('Messages');
});

test('an error of your own needs a status', async () => {
  await cloud.faults.failNext({ action: 'sqs:SendMessage', error: 'KmsThrottled', status: 400, message: 'slow' });
  await expect(send()).rejects.toMatchObject({ name: 'KmsThrottled', message: 'slow' });
  const failNext = (change: object) =>
    cloud.faults.failNext({ action: 'sqs:SendMessage', error: 'SlowDown', ...change });
  await expect(failNext({ error: 'Own' })).rejects.toThrow('status must be from 400 to 599');
  await expect(failNext({ status: 200 })).rejects.toThrow('status must be from 400 to 599');
  await expect(failNext({ error: 'a b' })).rejects.toThrow('error must be an error code of AWS');
  await expect(failNext({ action: 'SendMessage' })).rejects.toThrow('action must be an action of IAM');
  await expect(failNext({ count: 0 })).rejects.toThrow('count must be a whole number of at least 1');
  await expect(failNext({ afterEffect: 'yes' })).rejects.toThrow('afterEffect true or false');
});

test('an outage fails all calls of matching actions until it ends', async () => {
  const resource = 'arn:aws:s3:::*/away/*';
  const end = await cloud.faults.beginOutage({ action: 's3:*', resource, error: 'ServiceUnavailable' });
  await put('near/a');
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(put('away/a')).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  }
  expect(await exists('away/a')).toBe(false);
  await end();
  await put('away/a');
  expect(await exists('away/a')).toBe(true);
});

test('in an outage without an answer, a call gets none, and its connection ends with the outage', async () => {
  const end = await cloud.faults.beginOutage({ action: 'sqs:SendMessage', error: 'NoAnswer' });
  const call = send().then(
    () => 'answered',
    () => 'failed',
  );
  expect(await Promise.race([call, new Promise((done) => setTimeout(done, 500, 'open'))])).toBe('open');
  await end();
  expect(await call).toBe('failed');
  await send();
});

test('POST /faults/failNext', async () => {
  const control = new ControlServer(cloud);
  const address = await control.start();
  const headers = { authorization: `Bearer ${cloud.credentials.sessionToken}` };
  const post = async (body: object) =>
    (await fetch(`${address}/faults/failNext`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
  try {
    expect(await post({ action: 's3:PutObject', error: 'OperationAborted' })).toBe(204);
    await expect(put('aborted')).rejects.toMatchObject({
      name: 'OperationAborted',
      $metadata: { httpStatusCode: 409 },
    });
    expect(await post({ action: 's3:PutObject' })).toBe(400);
  } finally {
    await control.stop();
  }
});
