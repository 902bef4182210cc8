import { Duration, type RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import {
  BatchFileLoader,
  BatchProcessor,
  ChunkedBatchWorkflow,
  DatabaseDeliveryPipeline,
  DatabaseLogin,
  DeliverySource,
  DispatchTarget,
  ExportOrchestrator,
  FileIngestBucket,
  IngestRoute,
  IngestTarget,
  JobSupervision,
  LoadMapping,
  ObjectFargateTask,
  PipelineDashboard,
  PipelineStage,
  PostProcessing,
  QueueScaling,
  ScheduledFargateJob,
  TaskLifecycleAlerts,
  TypeConcurrency,
  TypedDispatcher,
  WakeUp,
} from '../../src';
import { createTestApp, createWorker, image } from './cdk-stacks';

/** Options that every construct takes. */
export interface EachOptions {
  readonly removalPolicy?: RemovalPolicy;
}

/** Every construct that has queues and alarms, with all of them. */
export function createEachConstruct(common: EachOptions = {}): Stack {
  const test = createTestApp();
  const { stack, vpc, cluster } = test;
  const alarms = {
    alarmOldestMessageAge: Duration.hours(1),
    alarmNotStartingFor: Duration.minutes(10),
    alarmSaturatedFor: Duration.hours(1),
  };
  const worker = createWorker(test, {
    ...common,
    ...alarms,
    wake: WakeUp.onArrival(),
    fallbackToOnDemand: true,
    additionalQueues: { Express: {} },
  });
  createWorker(
    test,
    {
      scaling: QueueScaling.backlogPerTask(),
      queue: new Queue(stack, 'Own'),
      deadLetterQueue: new Queue(stack, 'OwnDeadLetters'),
    },
    'Tracking',
  );
  const inbox = new FileIngestBucket(stack, 'Inbox', common);
  inbox
    .addRoute('Queue', { prefixes: ['queue/'], target: IngestTarget.queue(common) })
    .expectFiles({ every: Duration.hours(26) });
  new IngestRoute(stack, 'Elsewhere', {
    ...common,
    source: new FileIngestBucket(test.shared, 'Inbox'),
    target: IngestTarget.queue(common),
  });
  const mapping = LoadMapping.json({ table: 'orders', columns: [{ name: 'id' }] });
  new BatchFileLoader(stack, 'Loader', {
    ...common,
    vpc,
    database: DatabaseLogin.secret(Secret.fromSecretNameV2(stack, 'Secret', 'loader')),
    routes: { Orders: { source: inbox, prefix: 'orders/', mapping } },
    alarmOldestMessageAge: Duration.hours(1),
  });
  new DatabaseDeliveryPipeline(stack, 'Delivery', {
    ...common,
    vpc,
    database: DatabaseLogin.secret(Secret.fromSecretNameV2(stack, 'Owner', 'owner')),
    source: DeliverySource.gitHub('acme', 'shop'),
    migrateCommands: ['npm run migrate'],
    migrateOn: { source: ['acme.release'] },
    transformCommands: ['dbt build'],
    transformSchedule: ScheduleExpression.rate(Duration.hours(1)),
  });
  new ExportOrchestrator(stack, 'Exports', {
    ...common,
    cluster,
    image,
    postProcessing: PostProcessing.queue(new Queue(stack, 'After')),
  });
  new ChunkedBatchWorkflow(stack, 'Batches', {
    ...common,
    bucket: inbox.bucket,
    prefixes: ['batches/'],
    schedule: ScheduleExpression.rate(Duration.hours(1)),
    processor: BatchProcessor.worker(worker),
  });
  const { taskDefinition } = new ObjectFargateTask(stack, 'Converter', { ...common, cluster, image });
  new ScheduledFargateJob(stack, 'Job', {
    ...common,
    cluster,
    image,
    schedule: ScheduleExpression.rate(Duration.hours(1)),
    supervision: JobSupervision.stepFunctions(),
    alarmMissedFor: Duration.hours(2),
  });
  new TaskLifecycleAlerts(stack, 'Alerts', common);
  const target = DispatchTarget.ecsTask({ cluster, taskDefinition });
  new TypedDispatcher(stack, 'Dispatcher', common).addType('A', {
    keys: ['**'],
    concurrency: TypeConcurrency.sequential(),
    target,
  });
  new PipelineDashboard(stack, 'Page', {
    stages: [PipelineStage.worker(worker)],
    alarmActions: [new SnsAction(new Topic(stack, 'Topic'))],
  });
  return stack;
}
