import {
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LocalCloud } from '../src';
import { writeApp } from './support/app';
import { TOOLS, until } from './support/cloud';

jest.setTimeout(120_000);

interface EcsEvent {
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: { readonly eventName: string; readonly deploymentId?: string };
}

const ARN = 'arn:aws:ecs:us-east-1:000000000000';
const RESOURCES = {
  Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: 'files' } },
  Queue: { Type: 'AWS::SQS::Queue' },
  Policy: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Queue' }],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'sqs:SendMessage',
            Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
          },
        ],
      },
    },
  },
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventPattern: { source: ['aws.ecs'], 'detail-type': ['ECS Service Action', 'ECS Deployment State Change'] },
      Targets: [{ Id: 't', Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] } }],
    },
  },
};

let cloud: LocalCloud;
let ecs: ECSClient;
let sqs: SQSClient;
const received: EcsEvent[] = [];

beforeAll(async () => {
  const Outputs = { Queue: { Value: { Ref: 'Queue' } } };
  cloud = await LocalCloud.start({
    app: writeApp({ App: { Resources: RESOURCES, Outputs } }),
    tasks: { tasks: [{ image: 'shell', entrypoint: ['/bin/sh', '-c'], command: ['true'] }] },
    toolsDir: TOOLS,
  });
  ecs = new ECSClient(cloud.clientConfig());
  sqs = new SQSClient(cloud.clientConfig());
});

afterAll(async () => {
  ecs.destroy();
  sqs.destroy();
  await cloud.stop();
});

async function register(command: string, check?: string): Promise<string> {
  const container = {
    name: 'c',
    image: 'shell',
    command: [command],
    memory: 64,
    ...(check !== undefined && {
      healthCheck: { command: ['CMD-SHELL', check], interval: 5, timeout: 2, retries: 1 },
    }),
  };
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({ family: 'files', containerDefinitions: [container] }),
  );
  return taskDefinition!.taskDefinitionArn!;
}

const FOREVER = 'while :; do sleep 0.05; done';

/** Creates a service; its tasks run until they are stopped. */
async function create(serviceName: string): Promise<void> {
  await ecs.send(
    new CreateServiceCommand({
      cluster: 'files',
      serviceName,
      desiredCount: 1,
      taskDefinition: await register(FOREVER),
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
    }),
  );
}

/** The events of a service, in their order, when the last of these has been received. */
async function eventsUntil(service: string, last: string, times = 1): Promise<EcsEvent[]> {
  const ofService = () => received.filter(({ resources: [arn] }) => arn === `${ARN}:service/files/${service}`);
  await until(
    async () => {
      const { Messages: messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: cloud.outputs('App').Queue, MaxNumberOfMessages: 10 }),
      );
      for (const { Body: body, ReceiptHandle } of messages) {
        received.push(JSON.parse(body!) as EcsEvent);
        await sqs.send(new DeleteMessageCommand({ QueueUrl: cloud.outputs('App').Queue, ReceiptHandle }));
      }
      return ofService().filter(({ detail }) => detail.eventName === last).length >= times;
    },
    `${last} of ${service}`,
    60_000,
  );
  return ofService();
}

const names = (events: readonly EcsEvent[]) => events.map(({ detail }) => detail.eventName);

test('a service without capacity fails to place its task, once until it is placed, and is steady then', async () => {
  await cloud.faults.refusePlacements(2);
  await create('unpacker');
  const events = await eventsUntil('unpacker', 'SERVICE_STEADY_STATE');
  expect(names(events).toSorted()).toEqual([
    'SERVICE_DEPLOYMENT_COMPLETED',
    'SERVICE_DEPLOYMENT_IN_PROGRESS',
    'SERVICE_STEADY_STATE',
    'SERVICE_TASK_PLACEMENT_FAILURE',
  ]);
  expect(events.find(({ detail }) => detail.eventName === 'SERVICE_TASK_PLACEMENT_FAILURE')).toMatchObject({
    source: 'aws.ecs',
    'detail-type': 'ECS Service Action',
    detail: {
      eventType: 'ERROR',
      clusterArn: `${ARN}:cluster/files`,
      capacityProviderArns: [`${ARN}:capacity-provider/FARGATE_SPOT`],
      reason: 'RESOURCE:FARGATE',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    },
  });
});

test('a deployment whose tasks fail is impaired, fails by the circuit breaker, and is rolled back', async () => {
  await create('loader');
  const [{ detail: first }] = (await eventsUntil('loader', 'SERVICE_STEADY_STATE')).filter(
    ({ detail }) => detail.deploymentId !== undefined,
  );
  await ecs.send(
    new UpdateServiceCommand({ cluster: 'files', service: 'loader', taskDefinition: await register('exit 3') }),
  );
  const events = (await eventsUntil('loader', 'SERVICE_DEPLOYMENT_COMPLETED', 2)).slice(3);
  expect(names(events)).toContain('SERVICE_TASK_START_IMPAIRED');
  const deployments = events.filter((event) => event['detail-type'] === 'ECS Deployment State Change');
  expect(deployments.map(({ detail }) => detail)).toMatchObject([
    { eventType: 'INFO', eventName: 'SERVICE_DEPLOYMENT_IN_PROGRESS' },
    {
      eventType: 'ERROR',
      eventName: 'SERVICE_DEPLOYMENT_FAILED',
      reason: 'ECS deployment circuit breaker: task failed to start.',
    },
    {
      eventType: 'INFO',
      eventName: 'SERVICE_DEPLOYMENT_IN_PROGRESS',
      deploymentId: first.deploymentId,
      reason: `ECS deployment circuit breaker: rolling back to deploymentId ${first.deploymentId}.`,
    },
    { eventName: 'SERVICE_DEPLOYMENT_COMPLETED', deploymentId: first.deploymentId },
  ]);
});

test('a deployment whose tasks fail their health checks is rolled back; one whose tasks pass them completes', async () => {
  await create('checked');
  await eventsUntil('checked', 'SERVICE_STEADY_STATE');
  const deploy = async (check: string) =>
    ecs.send(
      new UpdateServiceCommand({
        cluster: 'files',
        service: 'checked',
        taskDefinition: await register(FOREVER, check),
      }),
    );
  await deploy('exit 1');
  const failed = await eventsUntil('checked', 'SERVICE_DEPLOYMENT_COMPLETED', 2);
  expect(names(failed).slice(3)).toContain('SERVICE_DEPLOYMENT_FAILED');
  await deploy('exit 0');
  const events = await eventsUntil('checked', 'SERVICE_DEPLOYMENT_COMPLETED', 3);
  const { healthStatus } = cloud.tasks().findLast(({ group }) => group === 'service:checked')!;
  expect([names(events).filter((name) => name === 'SERVICE_DEPLOYMENT_FAILED'), healthStatus]).toEqual([
    ['SERVICE_DEPLOYMENT_FAILED'],
    'HEALTHY',
  ]);
});
