export { FileIngestBucket, type FileIngestBucketProps } from './file-ingest-bucket';
export { IngestRoute, type IngestRouteProps } from './ingest-route';
export { IngestReason, type IngestRouteOptions } from './ingest-route-options';
export { IngestTarget, type IngestDelivery, type IngestMessageOptions, type IngestQueueOptions, type IngestTargetConfig, type IngestWorkerOptions } from './ingest-target';
