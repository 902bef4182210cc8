import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
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
import { RUNBOOKS } from '../../src/constructs/private/alarm';
import { createTestApp, createWorker, image } from '../support/cdk-stacks';

const root = resolve(__dirname, '..', '..');
const folder = 'docs/operations/runbooks';
const runbooks = readdirSync(join(root, folder))
  .filter((file) => file !== 'README.md')
  .map((file) => file.replace(/\.md$/, ''))
  .sort();

/** Every construct that has alarms, with all of them. */
function createEachAlarm(): Stack {
  const test = createTestApp();
  const { stack, vpc, cluster } = test;
  const alarms = {
    alarmOldestMessageAge: Duration.hours(1),
    alarmNotStartingFor: Duration.minutes(10),
    alarmSaturatedFor: Duration.hours(1),
  };
  const worker = createWorker(test, {
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
  const inbox = new FileIngestBucket(stack, 'Inbox');
  inbox.addRoute('Queue', { prefixes: ['queue/'], target: IngestTarget.queue() });
  new IngestRoute(stack, 'Elsewhere', {
    source: new FileIngestBucket(test.shared, 'Inbox'),
    target: IngestTarget.queue(),
  });
  const mapping = LoadMapping.json({ table: 'orders', columns: [{ name: 'id' }] });
  new BatchFileLoader(stack, 'Loader', {
    vpc,
    database: DatabaseLogin.secret(Secret.fromSecretNameV2(stack, 'Secret', 'loader')),
    routes: { Orders: { source: inbox, prefix: 'orders/', mapping } },
    alarmOldestMessageAge: Duration.hours(1),
  });
  new DatabaseDeliveryPipeline(stack, 'Delivery', {
    vpc,
    database: DatabaseLogin.secret(Secret.fromSecretNameV2(stack, 'Owner', 'owner')),
    source: DeliverySource.gitHub('acme', 'shop'),
    migrateCommands: ['npm run migrate'],
    migrateOn: { source: ['acme.release'] },
  });
  new ExportOrchestrator(stack, 'Exports', {
    cluster,
    image,
    postProcessing: PostProcessing.queue(new Queue(stack, 'After')),
  });
  new ChunkedBatchWorkflow(stack, 'Batches', {
    bucket: inbox.bucket,
    prefixes: ['batches/'],
    schedule: ScheduleExpression.rate(Duration.hours(1)),
    processor: BatchProcessor.worker(worker),
  });
  const { taskDefinition } = new ObjectFargateTask(stack, 'Converter', { cluster, image });
  new ScheduledFargateJob(stack, 'Job', {
    cluster,
    image,
    schedule: ScheduleExpression.rate(Duration.hours(1)),
    supervision: JobSupervision.stepFunctions(),
    alarmMissedFor: Duration.hours(2),
  });
  new TaskLifecycleAlerts(stack, 'Alerts');
  const target = DispatchTarget.ecsTask({ cluster, taskDefinition });
  new TypedDispatcher(stack, 'Dispatcher').addType('A', {
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

function descriptions(stack: Stack): [string, string][] {
  const template = Template.fromStack(stack);
  const alarms = {
    ...template.findResources('AWS::CloudWatch::Alarm'),
    ...template.findResources('AWS::CloudWatch::CompositeAlarm'),
  };
  return Object.entries(alarms as Record<string, { Properties: { AlarmDescription?: string } }>).map(
    ([id, { Properties }]) => [id, Properties.AlarmDescription ?? ''],
  );
}

describe('the alarms of all constructs', () => {
  const found = descriptions(createEachAlarm());
  const linked = (description: string) =>
    new RegExp(`^.*[^.]\\. What to do: ${RUNBOOKS}/([a-z-]+)\\.md$`).exec(description)?.[1];

  it.each(found)('%s ends with a link to a runbook that exists', (_, description) => {
    expect(runbooks).toContain(linked(description));
  });

  it('need every runbook that there is', () => {
    expect([...new Set(found.map(([, description]) => linked(description)))].sort()).toEqual(runbooks);
  });

  it('are found in this repository by their link', () => {
    expect(RUNBOOKS.endsWith(`/blob/main/${folder}`)).toBe(true);
  });

  it('are made by one helper', () => {
    const sources = readdirSync(join(root, 'src', 'constructs'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const makers = sources.filter((file) =>
      /new (\w+\.)?Alarm\(/.test(readFileSync(join(root, 'src', 'constructs', file), 'utf8')),
    );
    expect(makers).toEqual([join('private', 'alarm.ts')]);
  });

  it('are listed in the index of the runbooks', () => {
    const index = readFileSync(join(root, folder, 'README.md'), 'utf8');
    expect([...index.matchAll(/\(([a-z-]+)\.md\)/g)].map(([, name]) => name).sort()).toEqual(runbooks);
  });
});
