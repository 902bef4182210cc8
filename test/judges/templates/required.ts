import {
  BatchFileLoader,
  BatchProcessor,
  ChunkedBatchWorkflow,
  DatabaseDeliveryPipeline,
  DeliverySource,
  DispatchTarget,
  ExportOrchestrator,
  FileIngestBucket,
  IngestTarget,
  ObjectFargateTask,
  PipelineDashboard,
  PipelineStage,
  PipelineVpcEndpoints,
  QueueScaledFargateWorker,
  ScheduledFargateJob,
  TaskLifecycleAlerts,
  TypeConcurrency,
  TypedDispatcher,
} from 'cdk-fileworks';
import { type Builds, hourly, image, mapping, secretLogin } from './surroundings.ts';

/** Each construct with what it needs, and nothing more. */
export const required: Builds = {
  Worker: ({ stack, cluster }) => new QueueScaledFargateWorker(stack, 'Worker', { cluster, image }),
  Inbox: ({ stack }) => new FileIngestBucket(stack, 'Inbox').addRoute('All', { target: IngestTarget.queue() }),
  InboxOfBucket: ({ stack, bucket }) =>
    new FileIngestBucket(stack, 'Inbox', { bucket }).addRoute('All', { target: IngestTarget.queue() }),
  Alerts: ({ stack }) => new TaskLifecycleAlerts(stack, 'Alerts'),
  Page: ({ stack }) =>
    new PipelineDashboard(stack, 'Page', { stages: [PipelineStage.ingest(new FileIngestBucket(stack, 'Inbox'))] }),
  Loader: ({ stack, vpc }) =>
    new BatchFileLoader(stack, 'Loader', {
      vpc,
      database: secretLogin(stack),
      routes: { Orders: { source: new FileIngestBucket(stack, 'Inbox'), mapping } },
    }),
  Batches: ({ stack, cluster, bucket }) =>
    new ChunkedBatchWorkflow(stack, 'Batches', {
      bucket,
      prefixes: [''],
      processor: BatchProcessor.fargateTask({ cluster, image }),
    }),
  Exports: ({ stack, cluster }) => new ExportOrchestrator(stack, 'Exports', { cluster, image }),
  Delivery: ({ stack, vpc }) =>
    new DatabaseDeliveryPipeline(stack, 'Delivery', {
      vpc,
      source: DeliverySource.gitHub('acme', 'shop'),
      database: secretLogin(stack),
      migrateCommands: ['npm run migrate'],
    }),
  Job: ({ stack, cluster }) => new ScheduledFargateJob(stack, 'Job', { cluster, image, schedule: hourly }),
  Converter: ({ stack, cluster }) => new ObjectFargateTask(stack, 'Converter', { cluster, image }),
  Dispatcher: ({ stack, cluster }) => {
    const { taskDefinition } = new ObjectFargateTask(stack, 'Task', { cluster, image });
    new TypedDispatcher(stack, 'Dispatcher').addType('A', {
      keys: ['**'],
      concurrency: TypeConcurrency.sequential(),
      target: DispatchTarget.ecsTask({ cluster, taskDefinition }),
    });
  },
  Endpoints: ({ stack, vpc }) => new PipelineVpcEndpoints(stack, 'Endpoints', { vpc }),
};
