import { ApplicationAutoScalingClient, RegisterScalableTargetCommand } from '@aws-sdk/client-application-auto-scaling';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LocalCloud, type AlarmTransition, type ScalingActivity } from '../src';
import { createRole } from './support/role';
import { APP, running, TASKS, TOOLS, until } from './support/cloud';

jest.setTimeout(120_000);

let cloud: LocalCloud;
let sqs: SQSClient;
const transitions: AlarmTransition[] = [];
const activities: ScalingActivity[] = [];

beforeAll(async () => {
  cloud = await LocalCloud.start({ app: APP, tasks: TASKS, toolsDir: TOOLS, speed: 300 });
  cloud.on('alarm', (transition) => transitions.push(transition));
  cloud.on('scaling', (activity) => activities.push(activity));
  sqs = new SQSClient(cloud.clientConfig());
});

afterAll(async () => {
  sqs.destroy();
  await cloud.stop();
});

test('the policies of the template scale the service on visible messages and messages in flight, from zero and back', async () => {
  const queue = cloud.outputs('Pipeline').QueueUrl;
  await until(
    () => cloud.alarms().find(({ logicalId, state }) => logicalId === 'InAlarm' && state === 'ALARM'),
    'an empty queue to be seen',
  );
  expect(activities).toEqual([]);

  // WHEN a message comes, one task; WHEN nine more do, three. A received message still counts: it is in flight.
  await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: '1' }));
  await until(() => running(cloud, 'service:worker').length === 1, 'the first task');
  const { Messages: [received] = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queue, VisibilityTimeout: 600 }),
  );
  for (let index = 0; index < 9; index++) {
    await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: 'more' }));
  }
  await until(() => running(cloud, 'service:worker').length === 3, 'three tasks');
  expect(received).toBeDefined();
  await until(async () => {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queue, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
    );
    return messages.length === 0;
  }, 'the queue to be received');
  await new Promise((done) => setTimeout(done, 1_500));
  expect(running(cloud, 'service:worker')).toHaveLength(3);

  // WHEN all are gone, none is left after three minutes of the clock.
  const { PurgeQueueCommand } = await import('@aws-sdk/client-sqs');
  await sqs.send(new PurgeQueueCommand({ QueueUrl: queue }));
  await until(() => running(cloud, 'service:worker').length === 0, 'the last task to stop');
  // The tasks stop before the call that stops them returns; the call is recorded when it returns.
  await until(() => activities.at(-1)?.to === 0, 'the scaling activity');
  expect(activities.map(({ policy, from, to }) => [policy, from, to])).toEqual([
    ['Out', 0, 1],
    ['Out', 1, 3],
    ['In', 3, 0],
  ]);
  expect(cloud.scaling()).toMatchObject([
    { resourceId: 'service/jobs/worker', minCapacity: 0, maxCapacity: 3, activities },
  ]);
});

test('a dead-letter message puts the alarm of its queue in ALARM, in the emulator too', async () => {
  const { QueueUrl: queue } = cloud.outputs('Pipeline');
  await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: 'poison' }));
  await until(async () => {
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: queue, VisibilityTimeout: 0 }));
    return transitions.find(({ alarm, to }) => alarm.includes('DeadLetterAlarm') && to === 'ALARM');
  }, 'the alarm');
  const [view] = cloud.alarms().filter(({ logicalId }) => logicalId === 'DeadLetterAlarm');
  expect(view).toMatchObject({ stack: 'Pipeline', state: 'ALARM' });
  expect(view.transitions.at(-1)).toMatchObject({
    from: 'OK',
    to: 'ALARM',
    reason: expect.stringContaining('newest data points: 1'),
  });
  const cloudWatch = new CloudWatchClient(cloud.clientConfig());
  await until(
    async () =>
      (await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: [view.name] }))).MetricAlarms![0].StateValue ===
      'ALARM',
    'the state in the emulator',
  );
  cloudWatch.destroy();
});

test('while the scale-out is suspended no policy adds a task, and afterwards it does', async () => {
  const { QueueUrl: queue } = cloud.outputs('Pipeline');
  const scaling = new ApplicationAutoScalingClient(cloud.clientConfig());
  const suspend = (suspended: boolean) =>
    scaling.send(
      new RegisterScalableTargetCommand({
        ServiceNamespace: 'ecs',
        ScalableDimension: 'ecs:service:DesiredCount',
        ResourceId: 'service/jobs/worker',
        SuspendedState: { DynamicScalingOutSuspended: suspended },
      }),
    );
  await suspend(true);
  // A scale-out that was decided before the suspension has ended, and what it started has stopped.
  await until(() => {
    const out = cloud.alarms().find(({ logicalId }) => logicalId === 'OutAlarm');
    return out?.state === 'OK' && activities.at(-1)?.to === 0 && running(cloud, 'service:worker').length === 0;
  }, 'no task');
  // The record has the keys by which IAM evaluates the call.
  const call = await until(
    () => cloud.calls().find(({ action }) => action === 'application-autoscaling:RegisterScalableTarget'),
    'the record of the call',
  );
  expect(call).toMatchObject({
    resource: 'arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/service/jobs/worker',
    context: {
      'application-autoscaling:service-namespace': 'ecs',
      'application-autoscaling:scalable-dimension': 'ecs:service:DesiredCount',
    },
  });
  await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: 'waits' }));
  await new Promise((done) => setTimeout(done, 1_500));
  expect(running(cloud, 'service:worker')).toEqual([]);
  await suspend(false);
  await until(() => running(cloud, 'service:worker').length === 1, 'the task');
  scaling.destroy();
});

test.each(['ecs:DescribeServices', 'ecs:UpdateService'])(
  'the caller that registers a target needs %s',
  async (missing) => {
    const actions = ['application-autoscaling:RegisterScalableTarget', 'ecs:DescribeServices', 'ecs:UpdateService'];
    const granted = actions.filter((action) => action !== missing);
    const name = `registers-without-${missing.split(':')[1]}`;
    const role = await createRole(cloud, name, { AWS: cloud.account });
    const iam = new IAMClient(cloud.clientConfig());
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: name,
        PolicyName: 'own',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: granted, Resource: '*' }],
        }),
      }),
    );
    iam.destroy();
    const sts = new STSClient(cloud.clientConfig());
    const { Credentials: found } = await sts.send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'test' }));
    sts.destroy();
    const credentials = {
      accessKeyId: found!.AccessKeyId!,
      secretAccessKey: found!.SecretAccessKey!,
      sessionToken: found!.SessionToken!,
    };
    const scaling = new ApplicationAutoScalingClient({ ...cloud.clientConfig(), credentials });
    const registered = scaling.send(
      new RegisterScalableTargetCommand({
        ServiceNamespace: 'ecs',
        ScalableDimension: 'ecs:service:DesiredCount',
        ResourceId: 'service/jobs/worker',
      }),
    );
    await expect(registered).rejects.toMatchObject({ name: 'ValidationException' });
    scaling.destroy();
    // Reported after the answer
    const denial = await until(() => cloud.denials().find(({ action }) => action === missing), 'the denial');
    expect(denial).toMatchObject({
      action: missing,
      resource: expect.stringContaining('service/jobs/worker'),
    });
  },
);
