export { Delivery } from './delivery';
export type { ExpectFilesOptions } from './expect-files-options';
export { FileIngestBucket } from './file-ingest-bucket';
export type { FileIngestBucketProps } from './file-ingest-bucket-props';
export type { IFileDispatcher, IFileIngestBucket, IIngestRoute } from './ingest-interfaces';
export { IngestMessageFormat, type IngestMessageOptions } from './ingest-message';
export { IngestRoute, type IngestRouteProps } from './ingest-route';
export { IngestReason, type IngestRouteOptions } from './ingest-route-options';
export { IngestTarget } from './ingest-target';
export type {
  IngestDelivery,
  IngestQueueOptions,
  IngestTargetConfig,
  IngestWorkerOptions,
} from './ingest-target-options';
