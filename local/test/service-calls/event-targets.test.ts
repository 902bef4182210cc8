import {
  EventBridgeClient,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import { AddPermissionCommand, GetPolicyCommand, LambdaClient, RemovePermissionCommand } from '@aws-sdk/client-lambda';
import { GetTopicAttributesCommand, SetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { until } from '../support/cloud';
import { attributesOf, ServiceCalls } from '../support/service-calls';

jest.setTimeout(120_000);

let calls: ServiceCalls;
let events: EventBridgeClient;
let sqs: SQSClient;

beforeAll(async () => {
  calls = await ServiceCalls.start();
  events = new EventBridgeClient(calls.cloud.clientConfig());
  sqs = new SQSClient(calls.cloud.clientConfig());
});

afterAll(async () => {
  events.destroy();
  sqs.destroy();
  await calls.stop();
});

const put = (kind: string) =>
  events.send(new PutEventsCommand({ Entries: [{ Source: 'calls', DetailType: kind, Detail: '{"a":1}' }] }));

const ruleOf = (kind: string) => `arn:aws:events:us-east-1:000000000000:rule/calls-${kind}`;

/** Allowed calls of EventBridge so far. */
const allowed = (action: string) =>
  calls.cloud.calls().filter((call) => call.by === 'events.amazonaws.com' && call.action === action && !call.denied);

async function changeTarget(kind: string, changes: Partial<Target>): Promise<void> {
  const rule = { Rule: `calls-${kind}` };
  const { Targets: [target] = [] } = await events.send(new ListTargetsByRuleCommand(rule));
  await events.send(new PutTargetsCommand({ ...rule, Targets: [{ ...target, ...changes }] }));
}

/** Runs `act` while a queue lacks its policy. */
async function withoutQueuePolicy<T>(queueUrl: string, act: () => Promise<T>): Promise<T> {
  const { Attributes: attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['Policy'] }),
  );
  const set = (policy: string) =>
    sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { Policy: policy } }));
  await set('');
  try {
    return await act();
  } finally {
    await set(attributes!.Policy!);
  }
}

/** What the dead-letter queue got for the event. */
async function deadLetter(kind: string): Promise<Record<string, string | undefined>> {
  const message = await calls.receive('DeadLettersUrl');
  expect(JSON.parse(message.Body!)).toMatchObject({ source: 'calls', 'detail-type': kind, detail: { a: 1 } });
  return attributesOf(message);
}

test.each([
  ['queue', 'sqs:SendMessage'],
  ['topic', 'sns:Publish'],
  ['function', 'lambda:InvokeFunction'],
  ['machine', 'states:StartExecution'],
  ['bus', 'events:PutEvents'],
  ['task', 'ecs:RunTask'],
])('a rule calls its %s with all statements', async (kind, action) => {
  const before = allowed(action).length;
  await put(kind);
  await until(() => allowed(action).length > before, action);
});

describe('without a statement, the event is in the dead-letter queue at once', () => {
  test.each([
    ['machine', 'Start', 'states:StartExecution'],
    ['bus', 'PutEvents', 'events:PutEvents'],
    ['task', 'RunTask', 'ecs:RunTask'],
    ['task', 'PassTaskRole', 'iam:PassRole'],
    ['task', 'PassExecutionRole', 'iam:PassRole'],
    ['task', 'TagTask', 'ecs:TagResource'],
  ])('of the role: %s without %s', async (kind, policy, action) => {
    await calls.without('RuleRole', policy, () => put(kind));
    const attributes = await deadLetter(kind);
    expect(attributes).toMatchObject({ RULE_ARN: ruleOf(kind), ERROR_CODE: 'NO_PERMISSIONS', RETRY_ATTEMPTS: '0' });
    expect(attributes.ERROR_MESSAGE).toContain(`is not authorized to perform: ${action} on resource: `);
    expect(attributes).not.toHaveProperty('EXHAUSTED_RETRY_CONDITION');
    expect((await calls.denial(/Calls-RuleRole/, action)).reason).toContain(action);
  });

  test('of the policy of a queue', async () => {
    await withoutQueuePolicy(calls.outputs.QueueUrl, () => put('queue'));
    expect(await deadLetter('queue')).toMatchObject({
      RULE_ARN: ruleOf('queue'),
      TARGET_ARN: calls.outputs.QueueArn,
      ERROR_CODE: 'NO_PERMISSIONS',
    });
    expect((await calls.denial(/^events\.amazonaws\.com$/, 'sqs:SendMessage')).resource).toBe(calls.outputs.QueueArn);
  });

  test('of the policy of a topic', async () => {
    const sns = new SNSClient(calls.cloud.clientConfig());
    const topic = { TopicArn: calls.outputs.TopicArn };
    const { Attributes: attributes } = await sns.send(new GetTopicAttributesCommand(topic));
    const set = (policy: string) =>
      sns.send(new SetTopicAttributesCommand({ ...topic, AttributeName: 'Policy', AttributeValue: policy }));
    await set(attributes!.Policy.replace(ruleOf('topic'), ruleOf('other')));
    await put('topic');
    await set(attributes!.Policy);
    sns.destroy();
    expect(await deadLetter('topic')).toMatchObject({ TARGET_ARN: topic.TopicArn, ERROR_CODE: 'NO_PERMISSIONS' });
  });

  test('of the policy of a function', async () => {
    const lambda = new LambdaClient(calls.cloud.clientConfig());
    const name = { FunctionName: calls.outputs.FunctionName };
    const { Policy: policy } = await lambda.send(new GetPolicyCommand(name));
    const [{ Sid: statement }] = (JSON.parse(policy!) as { Statement: { Sid: string }[] }).Statement;
    await lambda.send(new RemovePermissionCommand({ ...name, StatementId: statement }));
    await put('function');
    await lambda.send(
      new AddPermissionCommand({
        ...name,
        StatementId: statement,
        Action: 'lambda:InvokeFunction',
        Principal: 'events.amazonaws.com',
        SourceArn: ruleOf('function'),
      }),
    );
    lambda.destroy();
    expect(await deadLetter('function')).toMatchObject({ ERROR_CODE: 'NO_PERMISSIONS' });
  });

  test('of the trust policy of the role', async () => {
    await changeTarget('machine', { RoleArn: calls.outputs.MachineRoleArn });
    await put('machine');
    expect(await deadLetter('machine')).toMatchObject({ ERROR_CODE: 'FAILED_TO_ASSUME_ROLE' });
  });
});

test('an event for a target that does not exist is in the dead-letter queue at once', async () => {
  await put('nowhere');
  expect(await deadLetter('nowhere')).toMatchObject({ ERROR_CODE: 'NO_RESOURCE', RETRY_ATTEMPTS: '0' });
});

test('a dead-letter queue without its statement gets nothing, and the event is dropped', async () => {
  await withoutQueuePolicy(calls.outputs.DeadLettersUrl, () => put('nowhere'));
  const denial = await until(
    () => calls.cloud.denials().find(({ resource }) => resource === calls.outputs.DeadLettersArn),
    'the denial of the dead-letter queue',
  );
  expect(denial).toMatchObject({ principal: 'events.amazonaws.com', action: 'sqs:SendMessage' });
});

describe('a target that cannot be called now', () => {
  const tasks = () => calls.cloud.tasks().length;

  test('is called again', async () => {
    const before = tasks();
    await calls.cloud.faults.refusePlacements(1);
    await put('task');
    await until(() => tasks() > before, 'the task of the second attempt');
  });

  test('is called until its retries are exhausted', async () => {
    await calls.cloud.faults.refusePlacements(2);
    await put('task');
    expect(await deadLetter('task')).toMatchObject({
      ERROR_CODE: 'ERROR_FROM_TARGET',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '1',
    });
  });
});
