import { Duration, type Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
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
  ObjectFargateTask,
  PipelineDashboard,
  PipelineStage,
  PostProcessing,
  QueueScaledFargateWorker,
  QueueScaling,
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
} from 'cdk-fileworks';
import { type Builds, hourly, image, mapping } from './surroundings.ts';

const keyOf = (stack: Stack) => new kms.Key(stack, 'Key', { enableKeyRotation: true });
const operatorOf = (stack: Stack) => new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });
const iamLogin = DatabaseLogin.iam({ host: 'db', databaseName: 'files', user: 'files', resourceId: 'db-1' });

/** Constructs with the options that add or change resources. */
export const everything: Builds = {
  Worker: ({ stack, cluster, bucket }) => {
    const worker = new QueueScaledFargateWorker(stack, 'Worker', {
      cluster,
      image,
      encryptionKey: keyOf(stack),
      capacity: SpotStrategy.weighted(1, 3),
      fallbackToOnDemand: true,
      cpuArchitecture: ecs.CpuArchitecture.ARM64,
      enableExecuteCommand: true,
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
      volumes: [TaskVolume.scratch('/work')],
      sidecars: [Sidecar.openTelemetryCollector(), Sidecar.logRouter({ options: { Name: 'cloudwatch_logs' } })],
    });
    worker.grantStoreResults(bucket, 'unpacked/');
  },
  Inbox: ({ stack, cluster }) => {
    const inbox = new FileIngestBucket(stack, 'Inbox', { encryptionKey: keyOf(stack) });
    const worker = new QueueScaledFargateWorker(stack, 'Worker', { cluster, image });
    inbox.addRoute('Archives', { prefixes: ['in/', 'more/'], suffixes: ['.zip'], target: IngestTarget.worker(worker) });
    const kept = inbox.addRoute('Kept', {
      prefixes: ['kept/'],
      archiveFor: Duration.days(30),
      target: IngestTarget.queue({ format: IngestMessageFormat.COMPACT }),
    });
    kept.grantReplay(operatorOf(stack));
    inbox.addRoute('Direct', {
      prefixes: ['direct/'],
      delivery: Delivery.s3Notifications(),
      ignoreEmptyObjects: false,
      target: IngestTarget.queue(),
    });
    const converter = new ObjectFargateTask(stack, 'Converter', { cluster, image, maxDuration: Duration.hours(1) });
    inbox.addRoute('Videos', { suffixes: ['.mov'], target: IngestTarget.fargateTask(converter) });
    new PipelineDashboard(stack, 'Page', { stages: [PipelineStage.worker(worker), PipelineStage.ingest(inbox)] });
  },
  Alerts: ({ stack, cluster }) =>
    new TaskLifecycleAlerts(stack, 'Alerts', {
      clusters: [cluster],
      alerts: Object.values(TaskAlert),
      format: AlertFormat.JSON,
      emailAddresses: ['a@example.com'],
    }),
  Loader: ({ stack, vpc, cluster }) => {
    const large = new QueueScaledFargateWorker(stack, 'Large', { cluster, image });
    const loader = new BatchFileLoader(stack, 'Loader', {
      vpc,
      database: iamLogin,
      routes: { Orders: { source: new FileIngestBucket(stack, 'Inbox'), prefix: 'orders/', suffix: '.json', mapping } },
      delivery: Delivery.s3Notifications(),
      encryptionKey: keyOf(stack),
      alarmOldestMessageAge: Duration.minutes(10),
      largeFileQueue: large.queue,
    });
    loader.grantLoadLargeFiles(large);
  },
  Batches: ({ stack, cluster }) => {
    const inbox = new FileIngestBucket(stack, 'Inbox', { encryptionKey: keyOf(stack) });
    new ChunkedBatchWorkflow(stack, 'Batches', {
      bucket: inbox.bucket,
      markerSource: inbox,
      prefixes: ['a/', 'b/'],
      filing: FilingMode.TAG,
      source: BatchSource.manifest('files.jsonl'),
      schedule: hourly,
      processor: BatchProcessor.fargateTask({ cluster, image }),
    });
  },
  BatchesOfWorker: ({ stack, cluster, bucket }) =>
    new ChunkedBatchWorkflow(stack, 'Batches', {
      bucket,
      prefixes: ['a/'],
      processor: BatchProcessor.worker(new QueueScaledFargateWorker(stack, 'Worker', { cluster, image })),
    }),
  Exports: ({ stack, cluster, bucket }) => {
    const exporter = new ExportOrchestrator(stack, 'Exports', {
      cluster,
      image,
      priorityQueues: true,
      tracing: true,
      encryptionKey: keyOf(stack),
      outputPrefix: 'exports/',
      apiSecret: Secret.fromSecretNameV2(stack, 'Secret', 'api'),
      postProcessing: PostProcessing.queue(new QueueScaledFargateWorker(stack, 'Next', { cluster, image }).queue),
      outputBucket: bucket,
    });
    exporter.grantReadResults(operatorOf(stack));
  },
  Delivery: ({ stack, vpc }) => {
    const delivery = new DatabaseDeliveryPipeline(stack, 'Delivery', {
      vpc,
      source: DeliverySource.gitHub('acme', 'shop'),
      database: iamLogin,
      workingDirectory: 'database',
      installCommands: ['npm ci'],
      migrateCommands: ['npm run migrate'],
      historyTable: 'pgmigrations',
      rollbackCommands: ['npm run rollback'],
      smokeCommands: ['npm run smoke'],
      transformCommands: ['dbt build'],
      transformSchedule: hourly,
      deployCommands: ['npx cdk deploy'],
      githubRepository: 'acme/shop',
      migrateOn: { source: ['acme.release'] },
    });
    delivery.writeGitHubWorkflow('build/judges/workflows/deployment.yml');
  },
  DeliveryOfFolder: ({ stack, vpc }) => {
    const delivery = new DatabaseDeliveryPipeline(stack, 'Delivery', {
      vpc,
      source: DeliverySource.folder('examples/worker/json-loader/dbt'),
      database: iamLogin,
      migrateCommands: ['npm run migrate'],
      githubRepository: 'acme/shop',
    });
    delivery.writeGitHubWorkflow('build/judges/workflows/migration.yml');
  },
  Job: ({ stack, cluster }) =>
    new ScheduledFargateJob(stack, 'Job', {
      cluster,
      image,
      schedule: hourly,
      capacity: SpotStrategy.spotOnly(),
      supervision: JobSupervision.stepFunctions(),
      alarmMissedFor: Duration.hours(2),
    }),
  Dispatcher: ({ stack, cluster }) => {
    const dispatcher = new TypedDispatcher(stack, 'Dispatcher');
    const inbox = new FileIngestBucket(stack, 'Inbox');
    inbox.addRoute('Files', { prefixes: ['in/'], target: IngestTarget.dispatcher(dispatcher) });
    const { taskDefinition } = new ObjectFargateTask(stack, 'Task', { cluster, image });
    dispatcher.addType('A', {
      keys: ['in/a/**'],
      tags: { kind: 'a' },
      concurrency: TypeConcurrency.sequential(),
      target: DispatchTarget.ecsTask({ cluster, taskDefinition }),
    });
    dispatcher.addType('B', {
      keys: ['in/b/**'],
      concurrency: TypeConcurrency.sequential(),
      target: DispatchTarget.queue(new QueueScaledFargateWorker(stack, 'Worker', { cluster, image }).queue),
    });
  },
};
