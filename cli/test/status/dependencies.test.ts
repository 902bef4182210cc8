import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { LocalCloud } from '../../../local/src';
import { writeApp } from '../../../local/test/support/app';
import { TOOLS } from '../../../local/test/support/cloud';
import { METRIC_NAMESPACE, MetricDimensions, WorkerMetrics } from '../../../src/contract/metric-names';
import { TaskRunEnv } from '../../../src/contract/task-run-env';
import { fileworks, useEndpoint } from '../support/command';

jest.setTimeout(120_000);

const TASK = 'Jobs/Converter';
/** As `ObjectFargateTask` renders the state that runs its task. */
const definition = {
  QueryLanguage: 'JSONata',
  StartAt: 'RunTask',
  States: {
    RunTask: {
      Type: 'Task',
      Resource: 'arn:aws:states:::ecs:runTask.sync',
      Arguments: {
        Cluster: 'files',
        TaskDefinition: 'converter',
        Overrides: { ContainerOverrides: [{ Name: 'Task', Environment: [{ Name: TaskRunEnv.name, Value: TASK }] }] },
      },
      End: true,
    },
  },
};
const machine = (DefinitionString: object) => ({
  Type: 'AWS::StepFunctions::StateMachine',
  Properties: {
    RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
    DefinitionString: JSON.stringify(DefinitionString),
  },
});

let cloud: LocalCloud;

beforeAll(async () => {
  const app = writeApp({
    Jobs: {
      Resources: {
        OrdersQueue12345678: { Type: 'AWS::SQS::Queue' },
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: {
            AssumeRolePolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                { Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' },
              ],
            },
            Policies: [
              {
                PolicyName: 'ManagedRule',
                PolicyDocument: {
                  Version: '2012-10-17',
                  Statement: [
                    {
                      Effect: 'Allow',
                      Action: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
                      Resource: '*',
                    },
                  ],
                },
              },
            ],
          },
        },
        ConverterStateMachine12345678: machine(definition),
        OtherStateMachine12345678: machine({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
      },
      Outputs: { QueueName: { Value: { 'Fn::GetAtt': ['OrdersQueue12345678', 'QueueName'] } } },
    },
  });
  // At the speed of this machine, by whose clock the metrics are dated
  cloud = await LocalCloud.start({ app, tasks: { tasks: [] }, toolsDir: TOOLS });
  useEndpoint(cloud);
  process.env.FILEWORKS_STACK = 'Jobs';
});

afterAll(() => cloud.stop());

interface Point {
  readonly of: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly dependency?: string;
  readonly minutesAgo?: number;
}

async function report({ of, seconds, dependency, minutesAgo = 1 }: Point): Promise<void> {
  const cloudWatch = new CloudWatchClient(cloud.clientConfig());
  const dimensions = { ...of, ...(dependency !== undefined && { [MetricDimensions.dependency]: dependency }) };
  await cloudWatch.send(
    new PutMetricDataCommand({
      Namespace: METRIC_NAMESPACE,
      MetricData: [
        {
          MetricName: WorkerMetrics.dependencyUnavailableTime,
          Value: seconds,
          Timestamp: new Date(Date.now() - minutesAgo * 60_000),
          Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        },
      ],
    }),
  );
  cloudWatch.destroy();
}

async function unavailable(): Promise<object[]> {
  const { out, err } = await fileworks(['--json', 'status']);
  expect(err).toBe('');
  return (JSON.parse(out) as { unavailable: object[] }).unavailable;
}

test('a dependency for which jobs wait is shown by its name, and another one of the same queue as well', async () => {
  const of = { [MetricDimensions.queue]: cloud.outputs('Jobs').QueueName };
  expect(await unavailable()).toEqual([]);
  await report({ of: { [MetricDimensions.queue]: 'of-another-stack' }, seconds: 60, dependency: 's3 orders' });
  await report({ of, seconds: 60, dependency: 'answers again', minutesAgo: 10 });
  expect(await unavailable()).toEqual([]);
  // CloudWatch lists the metric of a new dependency late
  await report({ of, seconds: 300 });
  expect(await unavailable()).toEqual([{ queue: 'Orders', seconds: 300 }]);
  await report({ of, seconds: 240, dependency: 's3 orders', minutesAgo: 2 });
  await report({ of, seconds: 300, dependency: 's3 orders' });
  await report({ of, seconds: 60, dependency: 'api' });
  expect(await unavailable()).toEqual([
    { queue: 'Orders', dependency: 's3 orders', seconds: 300 },
    { queue: 'Orders', dependency: 'api', seconds: 60 },
  ]);
  const { out } = await fileworks(['status']);
  expect(out).toMatch(
    /Hops 5 and 6: unavailable dependencies\nQUEUE OR TASK +DEPENDENCY +UNAVAILABLE FOR\nOrders +s3 orders +5 min/,
  );
  expect(out).toMatch(/hop 5: jobs of Orders wait for api, which has been unavailable for 1 min/);
});

test('a dependency for which object tasks or scheduled jobs wait is shown by the name of their construct', async () => {
  const of = { [MetricDimensions.task]: TASK };
  const ofTasks = async () => (await unavailable()).filter((one) => 'task' in one);
  await report({ of: { [MetricDimensions.task]: 'Other/Converter' }, seconds: 60, dependency: 's3' });
  expect(await ofTasks()).toEqual([]);
  // A state machine that ECS refuses a start does not name a dependency
  await report({ of, seconds: 600 });
  expect(await ofTasks()).toEqual([{ task: 'Converter', seconds: 600 }]);
  await report({ of, seconds: 600, dependency: 's3' });
  expect(await ofTasks()).toEqual([{ task: 'Converter', dependency: 's3', seconds: 600 }]);
  const { out } = await fileworks(['status']);
  expect(out).toMatch(/\nConverter +s3 +10 min/);
  expect(out).toMatch(/hop 5: tasks of Converter wait for s3, which has been unavailable for 10 min/);
});
