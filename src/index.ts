export {
  BatchFileLoader,
  type BatchFileLoaderProps,
  type CsvMappingOptions,
  type JsonMappingOptions,
  type LoadColumn,
  LoadConflict,
  LoadMapping,
  type LoadMappingOptions,
  type LoadRouteOptions,
  type LoadUpdateOptions,
  RowSchema,
} from './constructs/batch-file-loader';
export { SpotStrategy } from './constructs/capacity';
export {
  DatabaseDeliveryPipeline,
  type DatabaseDeliveryPipelineProps,
  DeliverySource,
} from './constructs/database-delivery-pipeline';
export { DatabaseLogin, type IamLoginOptions, type SecretLoginOptions } from './constructs/database-login';
export {
  BatchProcessor,
  BatchSource,
  type BatchTaskProps,
  ChunkedBatchWorkflow,
  type ChunkedBatchWorkflowProps,
  FilingMode,
  RunOverlap,
} from './constructs/chunked-batch-workflow';
export {
  type EfsVolumeOptions,
  type FargateTaskProps,
  type LogRouterOptions,
  type OpenTelemetryCollectorOptions,
  Sidecar,
  type SidecarTask,
  TaskVolume,
  type VolumeTask,
} from './constructs/fargate-task';
export {
  Delivery,
  type ExpectFilesOptions,
  FileIngestBucket,
  type FileIngestBucketProps,
  type IFileDispatcher,
  type IFileIngestBucket,
  type IIngestRoute,
  IngestRoute,
  type IngestRouteOptions,
  type IngestRouteProps,
  IngestTarget,
  type IngestDelivery,
  IngestMessageFormat,
  type IngestMessageOptions,
  type IngestQueueOptions,
  IngestReason,
  type IngestTargetConfig,
  type IngestWorkerOptions,
} from './constructs/file-ingest-bucket';
export {
  type AdditionalQueue,
  type AdditionalQueueOptions,
  QueueScaledFargateWorker,
  type QueueScaledFargateWorkerOptions,
  type QueueScaledFargateWorkerProps,
  QueueScaling,
  type BacklogPerTaskOptions,
  type ExactScalingOptions,
  type LatencyOptions,
  type LivezOptions,
  type QueueScalingBindOptions,
  type ScheduledTaskCountOptions,
  type UtilizationScalingOptions,
  WakeUp,
  WorkerHealthCheck,
  type WorkerHealthCheckOptions,
  type WorkerIngress,
} from './constructs/queue-scaled-fargate-worker';
export {
  DispatchTarget,
  EventDelivery,
  type DispatchTypeOptions,
  type DynamoDbStateOptions,
  type EcsTaskTargetOptions,
  type ExitCodeCompletionOptions,
  FileOrder,
  LateFile,
  OnExhausted,
  OverwritePolicy,
  type PostgresStateOptions,
  type ProvisionedCapacityOptions,
  StateStore,
  StateTableCapacity,
  TaskCompletion,
  TypeConcurrency,
  TypedDispatcher,
  type TypedDispatcherProps,
  UnmatchedFile,
} from './constructs/typed-dispatcher';
export { ExportOrchestrator, type ExportOrchestratorProps, PostProcessing } from './constructs/export-orchestrator';
export {
  AlertFormat,
  TaskAlert,
  TaskLifecycleAlerts,
  type TaskLifecycleAlertsProps,
} from './constructs/task-lifecycle-alerts';
export {
  JobSupervision,
  ScheduledFargateJob,
  type ScheduledFargateJobProps,
  type SupervisionOptions,
} from './constructs/scheduled-fargate-job';
export { ObjectFargateTask, type ObjectFargateTaskProps } from './constructs/object-fargate-task';
export { PipelineAlarms } from './constructs/pipeline-alarms';
export {
  type CustomStageOptions,
  PipelineDashboard,
  type PipelineDashboardProps,
  type PipelineGraph,
  PipelineStage,
  type PipelineStageConfig,
} from './constructs/pipeline-dashboard';
export { PipelineVpcEndpoints, type PipelineVpcEndpointsProps } from './constructs/pipeline-vpc-endpoints';
