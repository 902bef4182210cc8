export { FileIngestBucket, type FileIngestBucketProps } from './file-ingest-bucket';
export { IngestRoute, type IngestRouteOptions, type IngestRouteProps } from './ingest-route';
export { IngestTarget, type IngestDelivery } from './ingest-target';
