import {
  CreateScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
  type Target,
  UpdateScheduleCommand,
  type UpdateScheduleInput,
} from '@aws-sdk/client-scheduler';
import type { Message } from '@aws-sdk/client-sqs';
import { until } from '../support/cloud';
import { attributesOf, ServiceCalls } from '../support/service-calls';

jest.setTimeout(120_000);

let calls: ServiceCalls;
let scheduler: SchedulerClient;

beforeAll(async () => {
  calls = await ServiceCalls.start();
  scheduler = new SchedulerClient(calls.cloud.clientConfig());
});

afterAll(async () => {
  scheduler.destroy();
  await calls.stop();
});

async function schedule(name: string, target: Partial<Target>): Promise<void> {
  await scheduler.send(
    new CreateScheduleCommand({
      Name: name,
      ScheduleExpression: 'at(2020-01-01T00:00:00)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: calls.outputs.QueueArn,
        RoleArn: calls.outputs.ScheduleRoleArn,
        Input: `{"schedule":"${name}"}`,
        DeadLetterConfig: { Arn: calls.outputs.DeadLettersArn },
        ...target,
      },
    }),
  );
}

const task = (): Partial<Target> => ({
  Arn: calls.outputs.ClusterArn,
  EcsParameters: {
    TaskDefinitionArn: calls.outputs.DefinitionArn,
    LaunchType: 'FARGATE',
    NetworkConfiguration: { awsvpcConfiguration: { Subnets: ['subnet-1'], AssignPublicIp: 'ENABLED' } },
    EnableECSManagedTags: true,
  },
});

const allowed = (action: string) =>
  calls.cloud.calls().some((call) => call.by === 'scheduler.amazonaws.com' && call.action === action && !call.denied);

/** The next dead-letter message for each of the schedules. */
async function deadLetters(names: readonly string[]): Promise<Record<string, Message>> {
  const found: Record<string, Message> = {};
  while (Object.keys(found).length < names.length) {
    const message = await calls.receive('DeadLettersUrl');
    found[attributesOf(message).SCHEDULE_ARN!.split('/').at(-1)!] = message;
  }
  return found;
}

test('a schedule calls its target with all statements of its role', async () => {
  const { FunctionArn: lambda, TopicArn: topic, ChildArn: machine } = calls.outputs;
  await schedule('to-queue', {});
  await schedule('to-function', { Arn: lambda });
  await schedule('to-topic', { Arn: topic });
  await schedule('to-machine', { Arn: machine });
  await schedule('to-task', task());
  expect((await calls.receive('QueueUrl')).Body).toBe('{"schedule":"to-queue"}');
  for (const action of ['lambda:InvokeFunction', 'sns:Publish', 'states:StartExecution', 'ecs:RunTask']) {
    await until(() => allowed(action), action);
  }
});

test('without a statement, its input is in the dead-letter queue', async () => {
  const { FunctionArn: lambda, TopicArn: topic, ChildArn: machine, QueueUrl: queue } = calls.outputs;
  const needs: readonly (readonly [name: string, policy: string, action: string, target: Partial<Target>])[] = [
    ['no-send', 'Send', 'sqs:SendMessage', {}],
    ['no-invoke', 'Invoke', 'lambda:InvokeFunction', { Arn: lambda }],
    ['no-publish', 'Publish', 'sns:Publish', { Arn: topic }],
    ['no-start', 'Start', 'states:StartExecution', { Arn: machine }],
    ['no-run', 'RunTask', 'ecs:RunTask', task()],
  ];
  const names = needs.map(([name]) => name);
  const withoutAll = needs.reduceRight(
    (act, [, policy]) =>
      () =>
        calls.without('ScheduleRole', policy, act),
    async () => {
      for (const [name, , , target] of needs) {
        await schedule(name, target);
      }
      return deadLetters(names);
    },
  );
  const messages = await withoutAll();
  for (const [name, , action] of needs) {
    expect(attributesOf(messages[name])).toMatchObject({
      SCHEDULE_ARN: `arn:aws:scheduler:us-east-1:000000000000:schedule/default/${name}`,
      ERROR_CODE: 'AccessDeniedException',
      ERROR_MESSAGE: expect.stringContaining(`is not authorized to perform: ${action} on resource: `) as string,
      RETRY_ATTEMPTS: '0',
      IS_PAYLOAD_TRUNCATED: 'false',
      SCHEDULED_TIME: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
    });
    expect((await calls.denial(/Calls-ScheduleRole/, action)).reason).toContain(action);
  }
  expect(attributesOf(messages['no-send']).TARGET_ARN).toBe('arn:aws:scheduler:::aws-sdk:sqs:sendMessage');
  expect(JSON.parse(messages['no-send'].Body!)).toEqual({ MessageBody: '{"schedule":"no-send"}', QueueUrl: queue });
});

test('each of the further statements of a task is needed, and so are the trust policy and the one for the dead-letter queue', async () => {
  await calls.without('ScheduleRole', 'PassTaskRole', async () => {
    await schedule('no-pass', task());
    expect(attributesOf((await deadLetters(['no-pass']))['no-pass']).ERROR_MESSAGE).toContain('iam:PassRole');
  });
  await calls.without('ScheduleRole', 'TagTask', async () => {
    await schedule('no-tag', task());
    await schedule('untrusted', { RoleArn: calls.outputs.MachineRoleArn });
    expect(attributesOf((await deadLetters(['no-tag']))['no-tag']).ERROR_MESSAGE).toContain('ecs:TagResource');
  });
  // Its role may not be assumed for the dead-letter queue either.
  await calls.denial(/^scheduler\.amazonaws\.com$/, 'sts:AssumeRole');
  await calls.without('ScheduleRole', 'SendDeadLetters', async () => {
    await schedule('no-dead-letter', { Arn: 'arn:aws:sqs:us-east-1:000000000000:gone' });
    await until(
      () => calls.cloud.denials().find(({ resource }) => resource === calls.outputs.DeadLettersArn),
      'the denial of the dead-letter queue',
    );
  });
});

test('a schedule fires again when its expression changes to one that is due', async () => {
  await schedule('changes', { Input: 'changed' });
  expect((await calls.receive('QueueUrl')).Body).toBe('changed');
  const current = (await scheduler.send(new GetScheduleCommand({ Name: 'changes' }))) as UpdateScheduleInput;
  const update = (ScheduleExpression: string) =>
    scheduler.send(new UpdateScheduleCommand({ ...current, ScheduleExpression }));
  await update('rate(30 days)');
  await update('at(2021-01-01T00:00:00)');
  expect((await calls.receive('QueueUrl')).Body).toBe('changed');
});
