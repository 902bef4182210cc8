export {
  CallTimeout, ConfigurationError, FileworksError, HandlerTimeout, HandOffRefused, hasCode, JobAborted, LeaseLost, type LeaseLossCause, PoisonMessage,
  RetryLater, Shutdown,
} from './errors.js';
export { HealthServer, type HealthServerOptions, type HealthState } from './health/index.js';
export {
  type Backoff, type BodyKind, type DrainReport, EcsScaleInProtection, exponentialBackoff, type ExponentialBackoffOptions, type Job, type JobContext,
  type JobHandler, type JobResult, type MessageAttribute, type MessageAttributes, type PollerEvents, type PollerHealth, type PollerState,
  type PollerStats, QueuePoller, type QueuePollerOptions, type QueueOptions, type QueueTransport, type ScaleInProtection, SqsTransport, type StopOptions,
} from './queue/index.js';
export { circuitBreaker, type CircuitBreakerEvents, type CircuitBreakerOptions, type HasCircuit } from './support/circuit-breaker.js';
export { type Clock, systemClock, type Timer } from './support/clock.js';
export { type AroundJob, type JobInfo } from './support/job-info.js';
export { type Logger } from './support/logger.js';
export { aroundJobs } from './support/around-jobs.js';
export { type EventLoopWatch, type EventLoopWatchOptions, watchEventLoop } from './support/event-loop-watch.js';
export { createLogger, type CreateLoggerOptions, EmfMetrics, type EmfMetricsOptions, logContext, traceJobs } from './telemetry/index.js';
export { recordMetrics } from './jobs/worker-metrics.js';
export { runWorker, type RunWorkerOptions, WorkerExitCode } from './worker.js';
export { type JobMessage, type JobObject } from '../contract/job-message.js';
export {
  type ArchiveAllowance, type ArchiveEntry, ArchiveError, type ArchiveErrorDetails, type ArchiveLimits, type ArchiveSource, bufferSource, type Decompressor,
  DEFAULT_ARCHIVE_LIMITS, DynamoMetadata, type DynamoMetadataOptions, entriesMatching, type EntryKind, fileSource, type ForEachOptions, type GzipOptions,
  httpSource, type HttpSourceOptions, type MatchedEntry, type MatchOptions, type MetadataItem, type MetadataLookup, MetadataUnavailable, openZip,
  type ReadAllOptions, type ReadOptions, type ResumeOptions, s3Source, type S3SourceOptions, type SourceTail, type StreamedEntry, streamGzip, streamTar,
  streamZip, type StreamZipOptions, type TarEntry, TarError, type TarErrorCode, type TarOptions, type ZipArchive, type ZipEntry, ZipError, type ZipErrorCode,
  type ZipOptions, type ZipStream,
} from './archive/index.js';
export {
  type ExtractDestination, type ExtractManifest, type ExtractOptions, extractTo, type ObjectTask, type ObjectTaskContext, ObjectTaskExitCode,
  type ObjectTaskHandler, readObjectTask, type RefusedEntry, runObjectTask, type RunObjectTaskOptions, type SkippedEntry, type StoredEntry, fileTaskHandler,
  wakeWorker,
} from './jobs/index.js';
export {
  IdempotentUploader, type IdempotentUploaderOptions, type ObjectSettings, type PutAllOptions, type PutBody, type PutOptions, type PutResult, StorageError,
  type StorageErrorCode, type Verification,
} from './storage/index.js';
export {
  type Arrival, beginFileTask, Contention, decide, type Decision, Dispatcher, type DispatcherOptions, type DispatchEvent, type DispatchState,
  type DispatchStore, dispatchSchema, dispatchTableDefinition, DynamoDbStore, type DynamoDbStoreOptions, dynamoDbTurns, type EndedFiles,
  type FailOptions, type FileChange, type FileContext, type FileEvent, type FileHandler, fileId, type FileInsert,
  type FileObject, type FilePolicy, type FileRow, type FileStatus, FileTask, FileTaskError, type FileTaskOptions, type FileUpdate, type FreePlace, type HeadRow,
  type HeadWrite, isOlder, type KeyRow, type KeyWrite, LaunchMisconfigured, type LaunchResult, LaunchThrottled, type Limits, normalizeSequencer, NotMyTurn,
  orderByPart, orderByTime, type Outcome,
  type Pause, type PauseRow, type PauseWrite, type PostgresConnection, type PostgresPool, PostgresStore, type QueuedFile, runFileTask,
  type RunFileTaskOptions, type TaskHost, type TaskState, Tender, type TenderOptions, type TroubledFile, TurnLost, type TurnSource,
  type Write,
} from './dispatch/index.js';
export {
  cursorPages, type CursorPagesOptions, download, type DownloadOptions, ExportApiClient, type ExportApiClientOptions, ExportApiError, type ExportApiErrorCode,
  type ExportApiErrorDetails, type ExportCredentials, type ExportPage, linkPages, type LinkPagesOptions, offsetPages, type OffsetPagesOptions, type PageAnswer,
  type PagesOptions, type Pagination, type RateLimit, type RequestHeaders, type RequestOptions, type RetryOptions, SecretCredentials,
  type SecretCredentialsOptions, SharedRateLimit, type SharedRateLimitOptions,
} from './exports/index.js';
export {
  ExportJobContention, type ExportJobRow, type ExportJobStatus, ExportJobStore, type ExportJobStoreOptions, type FileOutcome, type Settled,
} from './exports/index.js';
export {
  CircuitWatch, type CircuitWatchOptions, DownloadRefused, DownloadTaskHandler, type DownloadTaskHandlerOptions, eventBridgeEvents,
  type EventBridgeEventsOptions, type ExportEnvironment, ExportJobHandler, type ExportJobHandlerOptions, ExportMetrics, type FileList,
  type PublishExportEvent, readExportEnvironment,
} from './jobs/index.js';
export { BatchEventSchemas } from '../contract/batch-event-schema.js';
export { type EventSchema, type JsonSchema } from '../contract/event-schema.js';
export { ExportEventSchemas } from '../contract/export-event-schema.js';
export {
  type DownloadTask, ExportContractVersion, ExportEventSource, ExportEventType, type ExportFile, type ExportJobEvent, type ExportJobRequest, ExportMessageType,
} from '../contract/export-contract.js';
export {
  type BatchContext, BatchExitCode, batchFunction, type BatchFunction, type BatchHandler, batchJobHandler, type BatchJobOptions, type BatchOptions,
  type BatchProgress, readBatchPointer, runBatch, type RunBatchOptions,
} from './jobs/index.js';
export { type BatchDocument, type BatchFileResult, type BatchFiling, type BatchPointer, type BatchResult } from '../contract/batch.js';
export { ServiceMode } from '../contract/export-env.js';
