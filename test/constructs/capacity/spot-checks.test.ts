import { Duration } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import {
  BatchProcessor,
  ChunkedBatchWorkflow,
  DispatchTarget,
  ObjectFargateTask,
  ScheduledFargateJob,
  SpotStrategy,
  TypeConcurrency,
  TypedDispatcher,
} from 'cdk-fileworks';
import { createTestApp, createWorker, image, type TestApp } from '../../support/cdk-stacks';

type Build = (test: TestApp, taskDefinition: ecs.FargateTaskDefinition, capacity: SpotStrategy) => void;

const users: [string, Build][] = [
  ['a worker', (test, taskDefinition, capacity) => createWorker(test, { image: undefined, taskDefinition, capacity })],
  [
    'a job',
    ({ stack, cluster }, taskDefinition, capacity) => {
      const schedule = ScheduleExpression.rate(Duration.hours(1));
      new ScheduledFargateJob(stack, 'Job', { cluster, taskDefinition, schedule, capacity });
    },
  ],
  [
    'an object task',
    ({ stack, cluster }, taskDefinition, capacity) =>
      new ObjectFargateTask(stack, 'Objects', { cluster, taskDefinition, capacity }),
  ],
  [
    'a batch',
    ({ stack, cluster }, taskDefinition, capacity) =>
      new ChunkedBatchWorkflow(stack, 'Batches', {
        bucket: new s3.Bucket(stack, 'Bucket'),
        prefixes: ['a/'],
        processor: BatchProcessor.fargateTask({ cluster, taskDefinition, capacity }),
      }),
  ],
  [
    'a file of a dispatcher',
    ({ stack, cluster }, taskDefinition, capacity) => {
      new TypedDispatcher(stack, 'Dispatcher').addType('A', {
        keys: ['**'],
        concurrency: TypeConcurrency.parallel(),
        target: DispatchTarget.ecsTask({ cluster, taskDefinition, capacity }),
      });
    },
  ],
];

function taskOf({ stack }: TestApp, operatingSystemFamily: ecs.OperatingSystemFamily): ecs.FargateTaskDefinition {
  const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Definition', {
    cpu: 1_024,
    memoryLimitMiB: 2_048,
    runtimePlatform: { operatingSystemFamily, cpuArchitecture: ecs.CpuArchitecture.X86_64 },
  });
  taskDefinition.addContainer('Main', { image });
  return taskDefinition;
}

describe('Windows containers', () => {
  const { WINDOWS_SERVER_2022_CORE: windows, LINUX: linux } = ecs.OperatingSystemFamily;

  test.each(users)('throws for %s on Spot', (_, build) => {
    const test = createTestApp();

    expect(() => {
      build(test, taskOf(test, windows), SpotStrategy.weighted(9, 1));
    }).toThrow(
      'capacity cannot use Spot with the operating system WINDOWS_SERVER_2022_CORE of taskDefinition, because Fargate Spot runs Linux only; set SpotStrategy.onDemand()',
    );
  });

  test.each(users)('can be %s on demand, and Linux on Spot', (_, build) => {
    const first = createTestApp();
    build(first, taskOf(first, windows), SpotStrategy.onDemand());
    const second = createTestApp();
    build(second, taskOf(second, windows), SpotStrategy.weighted(1, 0));
    const third = createTestApp();
    build(third, taskOf(third, linux), SpotStrategy.spotOnly());
  });
});

test('throws for a fallback from Spot with the weight 0', () => {
  expect(() =>
    createWorker(createTestApp(), { capacity: SpotStrategy.weighted(1, 0), fallbackToOnDemand: true }),
  ).toThrow('fallbackToOnDemand needs capacity with Spot');
});

test.each<[number, SpotStrategy, number]>([
  [1, SpotStrategy.spotAbove(50), 5],
  [1, SpotStrategy.spotAbove(5), 5],
  [0, SpotStrategy.spotAbove(4), 5],
  [0, SpotStrategy.spotOnly(), 1],
  [0, SpotStrategy.onDemand(), 1],
  [0, SpotStrategy.weighted(1, 3), 1],
])('%d warnings of a strategy without a task on Spot', (warnings, capacity, maxTasks) => {
  const test = createTestApp();
  createWorker(test, { capacity, maxTasks });

  expect(
    Annotations.fromStack(test.stack).findWarning('*', Match.stringLikeRegexp('QueueScaledFargateWorker.noSpotTasks')),
  ).toHaveLength(warnings);
});
