import { RegisterTaskDefinitionCommand, RunTaskCommand, type RunTaskCommandInput } from '@aws-sdk/client-ecs';
import type { CallRow, TemplateRow, World } from './row';

const API = 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference';
const SIZES = 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html';

const runTask = async ({ ecs, outputs }: World, input: Partial<RunTaskCommandInput>) =>
  ecs.send(
    new RunTaskCommand({
      cluster: outputs['Cluster'],
      taskDefinition: outputs['TaskDefinition'],
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
      ...input,
    }),
  );

const run = (
  limit: string,
  call: string,
  input: Partial<RunTaskCommandInput>,
  error = 'InvalidParameterException',
): CallRow => ({
  service: 'ECS',
  limit,
  page: `${API}/API_RunTask.html`,
  call: `RunTask ${call}`,
  error,
  status: 400,
  send: (world) => runTask(world, input),
});

export const calls: CallRow[] = [
  run('Overrides of a task: 8,192 characters', 'with 9,000', {
    overrides: { containerOverrides: [{ name: 'Worker', environment: [{ name: 'A', value: 'v'.repeat(9_000) }] }] },
  }),
  run('Container of an override: of the task definition', 'with an override of `Other`', {
    overrides: { containerOverrides: [{ name: 'Other' }] },
  }),
  run('`startedBy`: 128 letters, numbers, hyphens, slashes and underscores', 'with `started by me`', {
    startedBy: 'started by me',
  }),
  run('Tasks of a call: 10', 'with 11', { count: 11 }),
  run('Network configuration: required with awsvpc', 'without one', { networkConfiguration: undefined }),
  {
    service: 'ECS',
    limit: 'Fargate sizes: pairs of CPU and memory',
    page: SIZES,
    call: 'RegisterTaskDefinition with 512 CPU units and 512 MiB',
    error: 'ClientException',
    status: 400,
    send: ({ ecs }) =>
      ecs.send(
        new RegisterTaskDefinitionCommand({
          family: 'sizes',
          requiresCompatibilities: ['FARGATE'],
          networkMode: 'awsvpc',
          cpu: '512',
          memory: '512',
          containerDefinitions: [{ name: 'Worker', image: 'image' }],
        }),
      ),
  },
  {
    service: 'ECS',
    limit: 'Fargate sizes: CPU and memory required',
    page: SIZES,
    call: 'RegisterTaskDefinition without memory',
    error: 'ClientException',
    status: 400,
    send: ({ ecs }) =>
      ecs.send(
        new RegisterTaskDefinitionCommand({
          family: 'sizes',
          requiresCompatibilities: ['FARGATE'],
          networkMode: 'awsvpc',
          cpu: '512',
          containerDefinitions: [{ name: 'Worker', image: 'image' }],
        }),
      ),
  },
];

export const templates: TemplateRow[] = [
  {
    service: 'ECS',
    limit: 'Fargate sizes: pairs of CPU and memory',
    page: SIZES,
    template: 'a task definition with 1 vCPU and 16 GB',
    error: 'ClientException',
    resources: {
      Definition: {
        Type: 'AWS::ECS::TaskDefinition',
        Properties: {
          RequiresCompatibilities: ['FARGATE'],
          NetworkMode: 'awsvpc',
          Cpu: '1 vCPU',
          Memory: '16 GB',
          ContainerDefinitions: [{ Name: 'Worker', Image: 'image' }],
        },
      },
    },
  },
];
