import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateServiceCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  RunTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { LocalCloud } from '../src';
import { running, TOOLS, until } from './support/cloud';

jest.setTimeout(120_000);

const TASKS = { tasks: [{ image: 'shell', command: ['/bin/sh', '-c', 'sleep 600'] }] };
const STACK = 'Rolling';

const trust = (service: string) => ({
  AssumeRolePolicyDocument: {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  },
});

const mayReceive = (queue: string) => ({
  PolicyName: 'Own',
  PolicyDocument: {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'sqs:GetQueueAttributes', Resource: { 'Fn::GetAtt': [queue, 'Arn'] } }],
  },
});

const ATTRIBUTES = `
  const { SQSClient, GetQueueAttributesCommand } = require('@aws-sdk/client-sqs');
  exports.handler = async ({ queue }) => {
    const client = new SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL });
    return client.send(new GetQueueAttributesCommand({ QueueUrl: queue })).then(() => 'allowed', ({ name }) => name.replace('Exception', ''));
  };`;

const code = (version: string) =>
  `exports.handler = async ({ seconds }) => { await new Promise((done) => setTimeout(done, 1000 * seconds)); return '${version}'; };`;

/** An app whose function, task definition, state machine and policies have a version. */
function app(version: 'one' | 'two'): string {
  const fn = (ZipFile: string, Role: string) => ({
    Type: 'AWS::Lambda::Function',
    Properties: {
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Timeout: 30,
      Code: { ZipFile },
      Role: { 'Fn::GetAtt': [Role, 'Arn'] },
    },
  });
  const definition = (properties: object = {}) => ({
    Type: 'AWS::ECS::TaskDefinition',
    Properties: {
      RequiresCompatibilities: ['FARGATE'],
      NetworkMode: 'awsvpc',
      Cpu: '256',
      Memory: version === 'one' ? '512' : '1024',
      ContainerDefinitions: [{ Name: 'main', Image: 'shell', Essential: true, StopTimeout: 2 }],
      ...properties,
    },
  });
  const states = {
    StartAt: 'Wait',
    States: { Wait: { Type: 'Wait', Seconds: 2, Next: 'End' }, End: { Type: 'Pass', Result: version, End: true } },
  };
  const template = {
    Resources: {
      Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: 'jobs' } },
      Replaced: definition({ Family: 'replaced' }),
      Retained: { ...definition({ Family: 'retained' }), UpdateReplacePolicy: 'Retain' },
      One: { Type: 'AWS::SQS::Queue' },
      Two: { Type: 'AWS::SQS::Queue' },
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: { ...trust('lambda.amazonaws.com'), Policies: [mayReceive(version === 'one' ? 'One' : 'Two')] },
      },
      Function: fn(code(version), 'Role'),
      Asking: fn(ATTRIBUTES, 'Role'),
      States: { Type: 'AWS::IAM::Role', Properties: trust('states.amazonaws.com') },
      Machine: {
        Type: 'AWS::StepFunctions::StateMachine',
        Properties: { RoleArn: { 'Fn::GetAtt': ['States', 'Arn'] }, DefinitionString: JSON.stringify(states) },
      },
    },
    Outputs: Object.fromEntries(
      ['Replaced', 'Retained', 'One', 'Two', 'Function', 'Asking', 'Machine'].map((id) => [id, { Value: { Ref: id } }]),
    ),
  };
  const directory = join(mkdtempSync(join(tmpdir(), 'fileworks-local-app-')), 'cdk.out');
  mkdirSync(directory);
  writeFileSync(join(directory, `${STACK}.template.json`), JSON.stringify(template));
  writeFileSync(
    join(directory, 'manifest.json'),
    JSON.stringify({
      version: '36.0.0',
      artifacts: {
        [STACK]: { type: 'aws:cloudformation:stack', properties: { templateFile: `${STACK}.template.json` } },
      },
    }),
  );
  return directory;
}

let cloud: LocalCloud;
let ecs: ECSClient;
let lambda: LambdaClient;
let first: Readonly<Record<string, string>>;

beforeAll(async () => {
  cloud = await LocalCloud.start({ app: app('one'), tasks: TASKS, toolsDir: TOOLS });
  ecs = new ECSClient(cloud.clientConfig());
  lambda = new LambdaClient(cloud.clientConfig());
  first = cloud.outputs(STACK);
});

afterAll(async () => {
  [ecs, lambda].forEach((client) => client.destroy());
  await cloud.stop();
});

async function invoke(name: string, payload: object): Promise<unknown> {
  const answer = await lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(payload) }));
  return JSON.parse(Buffer.from(answer.Payload!).toString()) as unknown;
}

const PLACEMENT = {
  cluster: 'jobs',
  launchType: 'FARGATE' as const,
  networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
};

const run = (taskDefinition: string) => ecs.send(new RunTaskCommand({ ...PLACEMENT, taskDefinition }));

describe('an update in the middle of work', () => {
  beforeAll(async () => {
    await ecs.send(
      new CreateServiceCommand({
        ...PLACEMENT,
        serviceName: 'old',
        taskDefinition: first.Replaced,
        desiredCount: 1,
      }),
    );
    await until(() => running(cloud, 'service:old').length === 1, 'the task of the service');
    const states = new SFNClient(cloud.clientConfig());
    const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn: first.Machine }));
    const invocation = invoke(first.Function, { seconds: 4 });
    const asked = invoke(first.Asking, { queue: first.One });
    expect(await asked).toBe('allowed');
    await cloud.faults.delayPolicies(3600);
    await cloud.update(app('two'));
    updated = { executionArn: executionArn!, invocation, states };
  });
  let updated: { executionArn: string; invocation: Promise<unknown>; states: SFNClient };

  test('a denial, and a permission that is gone, last for the delay of IAM', async () => {
    const both = async () => [
      await invoke(first.Asking, { queue: first.One }),
      await invoke(first.Asking, { queue: first.Two }),
    ];
    expect(await both()).toEqual(['allowed', 'AccessDenied']);
    await cloud.faults.delayPolicies(0);
    expect(await both()).toEqual(['AccessDenied', 'allowed']);
    await expect(cloud.faults.delayPolicies(-1)).rejects.toMatchObject({ code: 'OptionInvalid' });
  });

  test('an invocation ends with the code that it began with, and the next has the new', async () => {
    expect(await updated.invocation).toBe('one');
    expect(await invoke(first.Function, { seconds: 0 })).toBe('two');
  });

  test('an execution ends with the definition that it began with', async () => {
    const { executionArn, states } = updated;
    const ended = await until(async () => {
      const execution = await states.send(new DescribeExecutionCommand({ executionArn }));
      return execution.status !== 'RUNNING' && execution;
    }, 'the execution to end');
    states.destroy();
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: '"one"' });
  });

  test('the old revision of a task definition starts no task, the family starts the new one', async () => {
    const second = cloud.outputs(STACK);
    expect(second.Replaced).not.toBe(first.Replaced);
    await expect(run(first.Replaced)).rejects.toMatchObject({
      name: 'ClientException',
      message: 'TaskDefinition is inactive',
    });
    const { tasks } = await run('replaced');
    expect(tasks![0].taskDefinitionArn).toBe(second.Replaced);
    const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: first.Replaced }));
    expect(taskDefinition!.status).toBe('INACTIVE');
  });

  test('a service that has the old revision continues and scales, and no service can change to it', async () => {
    await ecs.send(new UpdateServiceCommand({ cluster: 'jobs', service: 'old', desiredCount: 2 }));
    const tasks = await until(
      () => running(cloud, 'service:old').length === 2 && running(cloud, 'service:old'),
      'two tasks',
    );
    expect(tasks.map(({ taskDefinitionArn }) => taskDefinitionArn)).toEqual([first.Replaced, first.Replaced]);
    const change = { cluster: 'jobs', service: 'old', desiredCount: 0 };
    await ecs.send(new UpdateServiceCommand({ ...change, taskDefinition: cloud.outputs(STACK).Replaced }));
    await expect(ecs.send(new UpdateServiceCommand({ ...change, taskDefinition: first.Replaced }))).rejects.toThrow(
      'TaskDefinition is inactive',
    );
  });

  test('UpdateReplacePolicy Retain keeps the old revision', async () => {
    expect(cloud.outputs(STACK).Retained).not.toBe(first.Retained);
    expect((await run(first.Retained)).tasks![0].taskDefinitionArn).toBe(first.Retained);
  });
});
