import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Size, Stack } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks } from 'cdk-nag';
import {
  AlertFormat,
  BatchFileLoader,
  BatchProcessor,
  BatchSource,
  ChunkedBatchWorkflow,
  DatabaseDeliveryPipeline,
  DatabaseLogin,
  Delivery,
  DeliverySource,
  DispatchTarget,
  ExportOrchestrator,
  FileIngestBucket,
  FilingMode,
  IngestMessageFormat,
  IngestTarget,
  JobSupervision,
  LoadMapping,
  ObjectFargateTask,
  PipelineDashboard,
  PipelineStage,
  PostProcessing,
  QueueScaledFargateWorker,
  QueueScaling,
  RunOverlap,
  ScheduledFargateJob,
  Sidecar,
  SpotStrategy,
  TaskAlert,
  TaskLifecycleAlerts,
  TaskVolume,
  TypeConcurrency,
  TypedDispatcher,
  WakeUp,
  WorkerHealthCheck,
} from '../src';
import { createTestApp, createWorker, image, type TestApp } from './support/cdk-stacks';

const mapping = LoadMapping.json({ table: 'orders', columns: [{ name: 'id' }] });

/** Findings as `rule: construct`. The checker walks the tree, so nothing is synthesized and nothing throws. */
function findings(scope: Stack): string[] {
  return new AwsSolutionsChecks()
    .validateScope(scope)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName}: ${constructPath ?? ''}`),
    );
}

/** Of the team that runs the network, whose stack is not looked at. */
const createFileSystem = ({ shared, vpc }: TestApp) => new efs.FileSystem(shared, 'Files', { vpc });
const createListener = ({ shared, vpc }: TestApp) =>
  new elb.ApplicationLoadBalancer(shared, 'Balancer', { vpc }).addListener('Http', {
    port: 80,
    open: false,
    defaultAction: elb.ListenerAction.fixedResponse(404),
  });

describe('cdk-nag AwsSolutions', () => {
  it('finds a queue without SSL, so that the checks below can fail', () => {
    const test = createTestApp();
    new sqs.Queue(test.stack, 'Plain');
    expect(findings(test.stack)).toEqual(expect.arrayContaining(['AwsSolutions-SQS4: Pipeline/Plain/Resource']));
  });

  it.each<[string, (test: TestApp) => void]>([
    [
      'a worker with defaults',
      (test) => {
        createWorker(test);
      },
    ],
    [
      'a worker with options',
      (test) => {
        createWorker(test, {
          environment: { SETTING: 'value' },
          encryptionKey: new kms.Key(test.stack, 'Key', { enableKeyRotation: true }),
          capacity: SpotStrategy.weighted(1, 3),
          fallbackToOnDemand: true,
          cpuArchitecture: ecs.CpuArchitecture.ARM64,
          readonlyRootFilesystem: false,
          minTasks: 2,
          maxTasks: 100,
          fifo: true,
          healthCheck: WorkerHealthCheck.livez(),
          scaling: QueueScaling.backlogPerTask(),
          wake: WakeUp.onArrival(),
          alarmOldestMessageAge: Duration.hours(1),
          alarmNotStartingFor: Duration.minutes(10),
          alarmSaturatedFor: Duration.hours(1),
          additionalQueues: { Express: { weight: 5 } },
          strictPriority: true,
          volumes: [
            TaskVolume.scratch('/work'),
            TaskVolume.efs({ fileSystem: createFileSystem(test), containerPath: '/mnt/models' }),
          ],
          sidecars: [Sidecar.openTelemetryCollector(), Sidecar.logRouter({ options: { Name: 'cloudwatch_logs' } })],
          ingress: {
            listener: createListener(test),
            port: 3_000,
            priority: 1,
            conditions: [elb.ListenerCondition.pathPatterns(['/status'])],
          },
        });
      },
    ],
    [
      'a worker whose tasks may be entered',
      (test) => {
        createWorker(test, { enableExecuteCommand: true });
      },
    ],
    [
      'a bucket with defaults',
      (test) => {
        new FileIngestBucket(test.stack, 'Inbox');
      },
    ],
    [
      'routes to a worker and to queues',
      (test) => {
        const inbox = new FileIngestBucket(test.stack, 'Inbox');
        const worker = createWorker(test);
        inbox.addRoute('Archives', {
          prefixes: ['incoming/', 'more/'],
          suffixes: ['.zip'],
          target: IngestTarget.worker(worker),
        });
        inbox.addRoute('Everything', { target: IngestTarget.existingQueue(worker.queue) });
        const archived = inbox.addRoute('Kept', {
          prefixes: ['kept/'],
          archiveFor: Duration.days(30),
          target: IngestTarget.queue({ format: IngestMessageFormat.COMPACT }),
        });
        archived.grantReplay(new iam.Role(test.stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() }));
        inbox.addRoute('Direct', {
          prefixes: ['direct/'],
          delivery: Delivery.s3Notifications(),
          ignoreEmptyObjects: false,
          target: IngestTarget.queue(),
        });
        inbox.addRoute('Small', { maxSize: Size.mebibytes(1), target: IngestTarget.queue() });
      },
    ],
    [
      'a page with an alarm over all alarms',
      (test) => {
        const stages = [
          PipelineStage.worker(createWorker(test)),
          PipelineStage.ingest(new FileIngestBucket(test.stack, 'Inbox')),
        ];
        const topic = sns.Topic.fromTopicArn(test.stack, 'OnCall', 'arn:aws:sns:eu-west-1:111122223333:on-call');
        new PipelineDashboard(test.stack, 'Page', { stages, alarmActions: [new SnsAction(topic)] });
      },
    ],
    [
      'alerts with defaults',
      (test) => {
        new TaskLifecycleAlerts(test.stack, 'Alerts');
      },
    ],
    [
      'alerts with options',
      (test) => {
        new TaskLifecycleAlerts(test.stack, 'Alerts', {
          clusters: [test.cluster],
          services: [createWorker(test).service],
          alerts: Object.values(TaskAlert),
          format: AlertFormat.JSON,
          emailAddresses: ['a@example.com'],
        });
      },
    ],
    [
      'a loader with defaults',
      ({ stack, vpc }) => {
        new BatchFileLoader(stack, 'Loader', {
          vpc,
          database: DatabaseLogin.secret(Secret.fromSecretNameV2(stack, 'Secret', 'loader')),
          routes: { Orders: { source: new FileIngestBucket(stack, 'Inbox'), mapping } },
        });
      },
    ],
    [
      'a loader with options',
      (test) => {
        const loader = new BatchFileLoader(test.stack, 'Loader', {
          vpc: test.vpc,
          database: DatabaseLogin.iam({ host: 'db', databaseName: 'files', user: 'loader', resourceId: 'db-1' }),
          routes: {
            Orders: { source: new FileIngestBucket(test.stack, 'Inbox'), prefix: 'orders/', suffix: '.json', mapping },
          },
          delivery: Delivery.s3Notifications(),
          encryptionKey: new kms.Key(test.stack, 'Key', { enableKeyRotation: true }),
          alarmOldestMessageAge: Duration.minutes(10),
          largeFileQueue: createWorker(test).queue,
        });
        loader.grantLoadLargeFiles(createWorker(test, {}, 'Large'));
      },
    ],
    [
      'a batch workflow with defaults',
      ({ stack, cluster }) => {
        const { bucket } = new FileIngestBucket(stack, 'Inbox');
        new ChunkedBatchWorkflow(stack, 'Batches', {
          bucket,
          prefixes: [''],
          processor: BatchProcessor.fargateTask({ cluster, image }),
        });
      },
    ],
    [
      'a batch workflow with options',
      ({ stack, cluster }) => {
        const inbox = new FileIngestBucket(stack, 'Inbox', {
          encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }),
        });
        new ChunkedBatchWorkflow(stack, 'Batches', {
          bucket: inbox.bucket,
          markerSource: inbox,
          prefixes: ['a/', 'b/'],
          filing: FilingMode.TAG,
          source: BatchSource.manifest('files.jsonl'),
          schedule: ScheduleExpression.rate(Duration.hours(1)),
          processor: BatchProcessor.fargateTask({ cluster, image, environment: { SETTING: 'value' } }),
        });
      },
    ],
    [
      'a batch workflow with a worker',
      (test) => {
        const { bucket } = new FileIngestBucket(test.stack, 'Inbox');
        new ChunkedBatchWorkflow(test.stack, 'Batches', {
          bucket,
          prefixes: ['a/'],
          overlap: RunOverlap.ALLOW,
          processor: BatchProcessor.worker(createWorker(test)),
        });
      },
    ],
    [
      'an export service with defaults',
      ({ stack, cluster }) => {
        new ExportOrchestrator(stack, 'Exports', { cluster, image });
      },
    ],
    [
      'an export service with options',
      (test) => {
        const { stack, cluster } = test;
        const exporter = new ExportOrchestrator(stack, 'Exports', {
          cluster,
          image,
          priorityQueues: true,
          tracing: true,
          encryptionKey: new kms.Key(stack, 'Key', { enableKeyRotation: true }),
          outputPrefix: 'exports/',
          apiSecret: Secret.fromSecretNameV2(stack, 'Secret', 'api'),
          postProcessing: PostProcessing.queue(createWorker(test).queue),
          outputBucket: new s3.Bucket(test.shared, 'Results'),
        });
        exporter.grantReadResults(new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() }));
      },
    ],
    [
      'a delivery pipeline with defaults',
      ({ stack, vpc }) => {
        new DatabaseDeliveryPipeline(stack, 'Delivery', {
          vpc,
          source: DeliverySource.gitHub('acme', 'shop'),
          database: DatabaseLogin.secret(Secret.fromSecretNameV2(stack, 'Secret', 'owner')),
          migrateCommands: ['npm run migrate'],
        });
      },
    ],
    [
      'a delivery pipeline with options',
      ({ stack, vpc }) => {
        new DatabaseDeliveryPipeline(stack, 'Delivery', {
          vpc,
          source: DeliverySource.folder(join(__dirname, '..', 'examples', 'worker', 'json-loader')),
          database: DatabaseLogin.iam({ host: 'db', databaseName: 'files', user: 'owner', resourceId: 'db-1' }),
          migrateCommands: ['npm run migrate'],
          historyTable: 'pgmigrations',
          rollbackCommands: ['npm run rollback'],
          smokeCommands: ['npm run smoke'],
          transformCommands: ['dbt build'],
          transformSchedule: ScheduleExpression.rate(Duration.hours(1)),
          deployCommands: ['npx cdk deploy'],
          githubRepository: 'acme/shop',
          migrateOn: { source: ['acme.release'] },
        });
      },
    ],
    [
      'a job by the clock',
      ({ stack, cluster }) => {
        new ScheduledFargateJob(stack, 'Job', { cluster, image, schedule: ScheduleExpression.rate(Duration.hours(1)) });
      },
    ],
    [
      'a task for each object',
      (test) => {
        const converter = new ObjectFargateTask(test.stack, 'Converter', {
          cluster: test.cluster,
          image,
          maxDuration: Duration.hours(1),
        });
        new FileIngestBucket(test.stack, 'Inbox').addRoute('Videos', {
          suffixes: ['.mov'],
          target: IngestTarget.fargateTask(converter),
        });
      },
    ],
    [
      'a supervised job',
      ({ stack, cluster }) => {
        new ScheduledFargateJob(stack, 'Job', {
          cluster,
          image,
          schedule: ScheduleExpression.rate(Duration.hours(1)),
          environment: { SETTING: 'value' },
          capacity: SpotStrategy.spotOnly(),
          supervision: JobSupervision.stepFunctions(),
          alarmMissedFor: Duration.hours(2),
        });
      },
    ],
  ])('finds nothing in %s', (_, build) => {
    const test = createTestApp();
    build(test);
    expect(findings(test.stack)).toEqual([]);
  });

  it('finds nothing once the app is prepared, when references into another stack have become imports', () => {
    const test = createTestApp();
    createWorker(test).grantStoreResults(new s3.Bucket(test.shared, 'Results'), 'unpacked/');
    test.app.synth();
    expect(findings(test.stack)).toEqual([]);
  });
});

/** One of each construct as it comes, with what adds functions and tables. */
function createEach(): Stack {
  const { stack, cluster } = createTestApp();
  const schedule = ScheduleExpression.rate(Duration.hours(1));
  const worker = new QueueScaledFargateWorker(stack, 'Worker', { cluster, image, wake: WakeUp.onArrival() });
  new FileIngestBucket(stack, 'Inbox').addRoute('All', { target: IngestTarget.worker(worker) });
  new TaskLifecycleAlerts(stack, 'Alerts');
  new ScheduledFargateJob(stack, 'Job', { cluster, image, schedule, supervision: JobSupervision.stepFunctions() });
  const { taskDefinition } = new ObjectFargateTask(stack, 'Converter', { cluster, image });
  const target = DispatchTarget.ecsTask({ cluster, taskDefinition });
  new TypedDispatcher(stack, 'Dispatcher').addType('A', {
    keys: ['**'],
    concurrency: TypeConcurrency.sequential(),
    target,
  });
  return stack;
}

describe('the packs that ask for what only the user can decide', () => {
  const page = readFileSync(join(__dirname, '..', 'docs', 'operations', 'compliance.md'), 'utf8');
  const answered = [...page.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);

  it.each([
    ['NIST.800.53.R5-', new NIST80053R5Checks()],
    ['HIPAA.Security-', new HIPAASecurityChecks()],
  ])('report as %s… the rules that docs/operations/compliance.md answers, and no others', (prefix, pack) => {
    const reported = pack.validateScope(createEach()).violations.map(({ ruleName }) => ruleName.replace(prefix, ''));
    expect([...new Set(reported)].sort()).toEqual(answered);
  });
});
