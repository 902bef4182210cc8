export { SpotStrategy } from './constructs/capacity';
export {
  FileIngestBucket,
  type FileIngestBucketProps,
  IngestRoute,
  type IngestRouteOptions,
  type IngestRouteProps,
  IngestTarget,
  type IngestDelivery,
  type IngestExistingQueueOptions,
  type IngestQueueOptions,
  IngestReason,
  type IngestTargetConfig,
} from './constructs/file-ingest-bucket';
export {
  QueueScaledFargateWorker,
  type QueueScaledFargateWorkerProps,
  QueueScaling,
  type ExactScalingOptions,
  type QueueScalingBindOptions,
} from './constructs/queue-scaled-fargate-worker';
