export { Delivery } from './delivery';
export { FileIngestBucket, type FileIngestBucketProps } from './file-ingest-bucket';
export { IngestMessageFormat, type IngestMessageOptions } from './ingest-message';
export { IngestRoute, type IngestRouteProps } from './ingest-route';
export { IngestReason, type IngestRouteOptions } from './ingest-route-options';
export {
  IngestTarget,
  type IngestDelivery,
  type IngestQueueOptions,
  type IngestTargetConfig,
  type IngestWorkerOptions,
} from './ingest-target';
