import { Duration, type Stack } from 'aws-cdk-lib';
import { ApplicationListener, ListenerCondition } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  BatchFileLoader,
  type BatchFileLoaderProps,
  BatchProcessor,
  ChunkedBatchWorkflow,
  type ChunkedBatchWorkflowProps,
  DatabaseDeliveryPipeline,
  type DatabaseDeliveryPipelineProps,
  DatabaseLogin,
  DeliverySource,
  DispatchTarget,
  type DispatchTypeOptions,
  ExportOrchestrator,
  type ExportOrchestratorProps,
  type FargateTaskProps,
  FileIngestBucket,
  type IngestRouteOptions,
  IngestTarget,
  JobSupervision,
  LoadMapping,
  ObjectFargateTask,
  PipelineDashboard,
  PipelineStage,
  type ProvisionedCapacityOptions,
  type QueueScaledFargateWorkerOptions,
  QueueScaling,
  ScheduledFargateJob,
  type ScheduledFargateJobProps,
  SpotStrategy,
  StateStore,
  StateTableCapacity,
  TaskLifecycleAlerts,
  TypeConcurrency,
  TypedDispatcher,
  type TypedDispatcherProps,
  type UtilizationScalingOptions,
  WakeUp,
  WorkerHealthCheck,
} from 'cdk-fileworks';
import { createWorker, image, type TestApp } from './cdk-stacks';

/** A number, a Duration or a Size, of which the props know only one. */
export type Value = never;
export type Build = (test: TestApp, prop: Record<string, Value>) => void;

const hourly = ScheduleExpression.rate(Duration.hours(1));

const worker: Build = (test, prop) => createWorker(test, prop);
const everyWorker: Build = (test, prop) =>
  createWorker(test, {
    additionalQueues: { Express: {} },
    wake: WakeUp.onArrival(),
    alarmSaturatedFor: Duration.hours(1),
    ...(prop as QueueScaledFargateWorkerOptions),
  });
const job: Build = ({ stack, cluster }, prop) =>
  new ScheduledFargateJob(stack, 'Job', {
    cluster,
    image,
    schedule: hourly,
    supervision: JobSupervision.stepFunctions(),
    ...(prop as Partial<ScheduledFargateJobProps>),
  });
const unsupervisedJob: Build = ({ stack, cluster }, prop) =>
  new ScheduledFargateJob(stack, 'Job', { cluster, image, schedule: hourly, ...(prop as object) });
const objectTask: Build = ({ stack, cluster }, prop) =>
  new ObjectFargateTask(stack, 'Task', { cluster, image, ...(prop as FargateTaskProps) });
const batchTask: Build = ({ stack, cluster }, prop) =>
  new ChunkedBatchWorkflow(stack, 'Batches', {
    bucket: new s3.Bucket(stack, 'Bucket'),
    prefixes: ['a/'],
    processor: BatchProcessor.fargateTask({ cluster, image, ...(prop as FargateTaskProps) }),
  });
const batches: Build = ({ stack, cluster }, prop) =>
  new ChunkedBatchWorkflow(stack, 'Batches', {
    bucket: new s3.Bucket(stack, 'Bucket'),
    prefixes: ['a/'],
    processor: BatchProcessor.fargateTask({ cluster, image }),
    schedule: hourly,
    ...(prop as Partial<ChunkedBatchWorkflowProps>),
  });
const secretOf = (stack: Stack) => Secret.fromSecretNameV2(stack, 'Secret', 'files');
const loaderOf = ({ stack, vpc }: TestApp, props: Partial<BatchFileLoaderProps>) =>
  new BatchFileLoader(stack, 'Loader', {
    vpc,
    database: DatabaseLogin.secret(secretOf(stack)),
    routes: {
      Orders: {
        source: new FileIngestBucket(stack, 'Inbox'),
        mapping: LoadMapping.json({ table: 'orders', columns: [{ name: 'id' }] }),
      },
    },
    ...props,
  });
const loader: Build = (test, prop) => loaderOf(test, prop);
const deliveryOf = ({ stack, vpc }: TestApp, props: Partial<DatabaseDeliveryPipelineProps>) =>
  new DatabaseDeliveryPipeline(stack, 'Delivery', {
    vpc,
    source: DeliverySource.gitHub('acme', 'shop'),
    database: DatabaseLogin.secret(secretOf(stack)),
    migrateCommands: ['npm run migrate'],
    transformCommands: ['dbt build'],
    transformSchedule: hourly,
    ...props,
  });
const delivery: Build = (test, prop) => deliveryOf(test, prop);
const exporter: Build = ({ stack, cluster }, prop) =>
  new ExportOrchestrator(stack, 'Exports', { cluster, image, ...(prop as Partial<ExportOrchestratorProps>) });
const dispatcherOf = (
  { stack, cluster }: TestApp,
  props: TypedDispatcherProps,
  type: Partial<DispatchTypeOptions> = {},
) => {
  const { taskDefinition } = new ObjectFargateTask(stack, 'Task', { cluster, image });
  new TypedDispatcher(stack, 'Dispatcher', props).addType('A', {
    keys: ['{customer}/*'],
    concurrency: TypeConcurrency.sequentialPer('customer'),
    target: DispatchTarget.ecsTask({ cluster, taskDefinition }),
    ...type,
  });
};
const dispatcher: Build = (test, prop) => dispatcherOf(test, prop);
const type: Build = (test, prop) => dispatcherOf(test, {}, prop);
const alerts: Build = ({ stack }, prop) => new TaskLifecycleAlerts(stack, 'Alerts', prop);
const route = ({ stack }: TestApp, options: Partial<IngestRouteOptions>) =>
  new FileIngestBucket(stack, 'Inbox').addRoute('All', { target: IngestTarget.queue(), ...options });
const logins: readonly Build[] = [
  (test, prop) => loaderOf(test, { database: loginOf(test, prop) }),
  (test, prop) => deliveryOf(test, { database: loginOf(test, prop) }),
  (test, prop) =>
    dispatcherOf(test, { stateStore: StateStore.postgres({ login: loginOf(test, prop), vpc: test.vpc }) }),
];
const loginOf = ({ stack }: TestApp, prop: object) =>
  DatabaseLogin.secret(Secret.fromSecretNameV2(stack, 'Login', 'login'), prop);
const iamLogins: readonly Build[] = [
  (test, prop) => loaderOf(test, { database: iamLoginOf(prop) }),
  (test, prop) => deliveryOf(test, { database: iamLoginOf(prop) }),
];
const iamLoginOf = (prop: object) =>
  DatabaseLogin.iam({ host: 'db', databaseName: 'files', user: 'files', resourceId: 'db-1', ...prop });
const scaling: Build = (test, prop) =>
  createWorker(test, { scaling: QueueScaling.exact(prop), wake: WakeUp.onArrival() });
const health: readonly Build[] = [
  (test, prop) => createWorker(test, { healthCheck: WorkerHealthCheck.livez(prop) }),
  (test, prop) => createWorker(test, { healthCheck: WorkerHealthCheck.command(['true'], prop) }),
];
const supervision: Build = (test, prop) => job(test, { supervision: JobSupervision.stepFunctions(prop) as Value });
const utilization: Build = (test, prop) => {
  createWorker(test, { scaling: QueueScaling.none() }).scaleOnCpuUtilization({
    targetPercent: 50,
    ...(prop as Partial<UtilizationScalingOptions>),
  });
};
const onSchedule: Build = (test, prop) => {
  createWorker(test, {}).scaleOnSchedule('Night', { schedule: Schedule.cron({ hour: '2', minute: '0' }), ...prop });
};
const capacity: Build = (test, prop) =>
  dispatcherOf(test, {
    stateStore: StateStore.dynamoDb({
      capacity: StateTableCapacity.provisioned({
        ...{ minReadUnits: 1, maxReadUnits: 9, minWriteUnits: 1, maxWriteUnits: 9 },
        ...(prop as Partial<ProvisionedCapacityOptions>),
      }),
    }),
  });
const ingress: Build = (test, prop) =>
  createWorker(test, {
    ingress: {
      listener: ApplicationListener.fromApplicationListenerAttributes(test.stack, 'Listener', {
        listenerArn: 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/web/1/2',
        securityGroup: test.cluster.connections.securityGroups[0],
      }),
      port: 80,
      priority: 1,
      conditions: [ListenerCondition.pathPatterns(['/status'])],
      ...prop,
    },
  });
const capacities = (strategyOf: (value: Value) => SpotStrategy): readonly Build[] =>
  [
    (test: TestApp, strategy: SpotStrategy) => createWorker(test, { capacity: strategy, fallbackToOnDemand: true }),
    (test: TestApp, strategy: SpotStrategy) => objectTask(test, { capacity: strategy as Value }),
  ].map(
    (build): Build =>
      (test, prop) =>
        build(test, strategyOf(Object.values(prop)[0])),
  );

/** The construct that gets the props of a struct, or the values of a method, in each way that differs. */
export const numberBuilds: Readonly<Record<string, Build | readonly Build[]>> = {
  AdditionalQueueOptions: (test, prop) => createWorker(test, { additionalQueues: { Express: prop } }),
  BacklogPerTaskOptions: (test, prop) =>
    createWorker(test, { scaling: QueueScaling.backlogPerTask(prop), wake: WakeUp.onArrival() }),
  BatchFileLoaderProps: loader,
  ChunkedBatchWorkflowProps: batches,
  DatabaseDeliveryPipelineProps: delivery,
  DispatchTypeOptions: type,
  DynamoDbStateOptions: (test, prop) => dispatcherOf(test, { stateStore: StateStore.dynamoDb(prop) }),
  ExactScalingOptions: scaling,
  ExpectFilesOptions: (test, prop) => route(test, {}).expectFiles({ every: Duration.hours(1), ...prop }),
  ExportOrchestratorProps: exporter,
  FargateTaskProps: [worker, job, unsupervisedJob, objectTask, batchTask],
  IamLoginOptions: iamLogins,
  IngestQueueOptions: (test, prop) => route(test, { target: IngestTarget.queue(prop) }),
  IngestRouteOptions: (test, prop) => route(test, prop),
  LatencyOptions: (test, prop) =>
    createWorker(test, {
      scaling: QueueScaling.latency({ acceptable: Duration.minutes(10), perMessage: Duration.minutes(1), ...prop }),
    }),
  LivezOptions: health[0],
  ObjectFargateTaskProps: objectTask,
  PipelineDashboardProps: ({ stack }, prop) =>
    new PipelineDashboard(stack, 'Page', {
      stages: [PipelineStage.ingest(new FileIngestBucket(stack, 'In'))],
      ...prop,
    }),
  PostgresStateOptions: (test, prop) =>
    dispatcherOf(test, { stateStore: StateStore.postgres({ login: loginOf(test, {}), vpc: test.vpc, ...prop }) }),
  ProvisionedCapacityOptions: capacity,
  QueueScaledFargateWorkerOptions: [
    worker,
    everyWorker,
    (test, prop) => exporter(test, { orchestrator: prop as Value, downloader: prop as Value }),
  ],
  ScheduledFargateJobProps: [job, unsupervisedJob],
  ScheduledTaskCountOptions: onSchedule,
  SecretLoginOptions: logins,
  'SpotStrategy.spotAbove.onDemandTasks': capacities((value) => SpotStrategy.spotAbove(value)),
  'SpotStrategy.weighted.onDemand': capacities((value) => SpotStrategy.weighted(value, 1)),
  'SpotStrategy.weighted.spot': capacities((value) => SpotStrategy.weighted(1, value)),
  SupervisionOptions: supervision,
  TaskLifecycleAlertsProps: alerts,
  'TypeConcurrency.parallelUpTo.maxConcurrentTasks': (test, prop) =>
    type(test, { concurrency: TypeConcurrency.parallelUpTo(Object.values(prop)[0]) as Value }),
  TypedDispatcherProps: dispatcher,
  UtilizationScalingOptions: utilization,
  WorkerHealthCheckOptions: health,
  WorkerIngress: ingress,
};
