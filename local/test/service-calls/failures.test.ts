import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { GetQueueAttributesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import type { Failure } from '../../src/failure';
import { until } from '../support/cloud';
import { attributesOf, ServiceCalls } from '../support/service-calls';

jest.setTimeout(120_000);

let calls: ServiceCalls;
let events: EventBridgeClient;
let scheduler: SchedulerClient;

beforeAll(async () => {
  calls = await ServiceCalls.start();
  events = new EventBridgeClient(calls.cloud.clientConfig());
  scheduler = new SchedulerClient(calls.cloud.clientConfig());
});

afterAll(async () => {
  events.destroy();
  scheduler.destroy();
  await calls.stop();
});

const fail = (failure: Failure) => calls.cloud.faults.failNext(failure);
const put = (kind: string) =>
  events.send(new PutEventsCommand({ Entries: [{ Source: 'calls', DetailType: kind, Detail: '{"a":1}' }] }));
/** The dead-letter message of the next event of a kind. */
async function deadLetter(kind: string): Promise<Record<string, string | undefined>> {
  await put(kind);
  const message = await calls.receive('DeadLettersUrl');
  expect(JSON.parse(message.Body!)).toMatchObject({ 'detail-type': kind });
  return attributesOf(message);
}

test.each([
  ['queue', 'sqs:SendMessage', 'QueueArn'],
  ['topic', 'sns:Publish', 'TopicArn'],
  ['function', 'lambda:InvokeFunction', 'FunctionArn'],
  ['machine', 'states:StartExecution', 'ChildArn'],
  ['task', 'ecs:RunTask', 'DefinitionArn'],
])(
  'an event that its %s refuses is in the dead-letter queue at once, and no permission is missing',
  async (kind, action, target) => {
    const resource = calls.outputs[target];
    await fail({ action, resource, error: 'AccessDeniedException' });
    expect(await deadLetter(kind)).toMatchObject({ ERROR_CODE: 'NO_PERMISSIONS', RETRY_ATTEMPTS: '0' });
    expect(calls.cloud.denials()).toEqual([]);
    await until(
      () =>
        calls.cloud
          .calls()
          .find(
            (call) =>
              call.action === action && call.resource === resource && call.by !== undefined && call.status === 400,
          ),
      'the record of the call',
    );
    const allowed = (await calls.cloud.authorizedCalls()).filter((call) => call.action === action);
    expect(allowed.map((call) => call.resource)).toContain(resource);
  },
);

test('a throttled target is called again, until its retries are exhausted', async () => {
  await fail({ action: 'ecs:RunTask', error: 'ThrottlingException' });
  const before = calls.cloud.tasks().length;
  await put('task');
  await calls.cloud.clock.advance(5);
  expect(calls.cloud.tasks().length).toBe(before + 1);
  await fail({ action: 'ecs:RunTask', error: 'ServiceUnavailable', count: 2 });
  await put('task');
  await calls.cloud.clock.advance(5);
  expect(attributesOf(await calls.receive('DeadLettersUrl'))).toMatchObject({
    ERROR_CODE: 'ERROR_FROM_TARGET',
    EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
    RETRY_ATTEMPTS: '1',
  });
});

test('a failure after the effect waits for a call over HTTP', async () => {
  await fail({ action: 'sqs:SendMessage', error: 'ConnectionClosed', afterEffect: true });
  await put('queue');
  expect(JSON.parse((await calls.receive('QueueUrl')).Body!)).toMatchObject({ 'detail-type': 'queue' });
});

test('the input of a schedule whose target refuses it is in the dead-letter queue', async () => {
  const { QueueArn: queue, ScheduleRoleArn: role, DeadLettersArn: deadLetters } = calls.outputs;
  await fail({ action: 'sqs:SendMessage', resource: queue, error: 'QueueDoesNotExist', status: 400 });
  await scheduler.send(
    new CreateScheduleCommand({
      Name: 'refused',
      ScheduleExpression: 'at(2020-01-01T00:00:00)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: { Arn: queue, RoleArn: role, Input: '{}', DeadLetterConfig: { Arn: deadLetters } },
    }),
  );
  expect(attributesOf(await calls.receive('DeadLettersUrl'))).toMatchObject({
    SCHEDULE_ARN: expect.stringMatching(/\/refused$/) as string,
    ERROR_CODE: 'QueueDoesNotExist',
  });
});

test.each([
  ['send', 'sqs:SendMessage', 'ServiceUnavailable', 'SQS.AmazonSQSException'],
  ['lambda', 'lambda:InvokeFunction', 'TooManyRequestsException', 'Lambda.TooManyRequestsException'],
])('a state that makes the call %s fails with the error', async (call, action, error, expected) => {
  await fail({ action, error });
  expect(await calls.execute(call)).toMatchObject({
    status: 'FAILED',
    error: expected,
    cause: expect.stringContaining(`Error Code: ${error}`) as string,
  });
});

test('a topic repeats a delivery after a throttle, and gives up after a refusal', async () => {
  const sns = new SNSClient(calls.cloud.clientConfig());
  const sqs = new SQSClient(calls.cloud.clientConfig());
  const { TopicArn: topic, QueueArn: queue, QueueUrl: url } = calls.outputs;
  const { Attributes: before } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['Policy'] }),
  );
  const statement = { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: '*', Resource: queue };
  const setPolicy = (policy: string) =>
    sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy: policy } }));
  await setPolicy(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }));
  await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'sqs', Endpoint: queue }));
  const publish = (message: string) => sns.send(new PublishCommand({ TopicArn: topic, Message: message }));
  await fail({ action: 'sqs:SendMessage', resource: queue, error: 'AccessDenied' });
  await publish('refused');
  await fail({ action: 'sqs:SendMessage', resource: queue, error: 'Throttling', count: 2 });
  await publish('throttled');
  expect(JSON.parse((await calls.receive('QueueUrl')).Body!)).toMatchObject({ Message: 'throttled' });
  await setPolicy(before!.Policy!);
  sns.destroy();
  sqs.destroy();
});
