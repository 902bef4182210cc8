/**
 * Environment variables that `ExportOrchestrator` sets in the containers of both services, in addition to `WorkerEnv`.
 */
export const ExportEnv = {
  /** A value of `ServiceMode`, so that one image can run as either service. Required. */
  serviceMode: 'SERVICE_MODE',
  /** Names the export service in metrics, events and the shared rate limit. Required. */
  name: 'FILEWORKS_EXPORT_NAME',
  /** URL of the Export API. Optional: the program can provide it. */
  apiUrl: 'FILEWORKS_EXPORT_API_URL',
  /** Origins beside that of the API from which files may be downloaded, separated by spaces. Optional. */
  downloadOrigins: 'FILEWORKS_EXPORT_DOWNLOAD_ORIGINS',
  /** ARN of the secret with the credentials for the API. Optional. */
  apiSecret: 'FILEWORKS_EXPORT_API_SECRET',
  /** Maximum API requests per second, across all tasks of both services; more than 0. Optional. */
  apiRequestsPerSecond: 'FILEWORKS_EXPORT_API_REQUESTS_PER_SECOND',
  /** Name of the table of `ExportJobStore`. Required. */
  jobTable: 'FILEWORKS_EXPORT_JOB_TABLE',
  /** Name of the event bus. Required. */
  eventBus: 'FILEWORKS_EXPORT_EVENT_BUS',
  /** JSON array of `DownloadQueueEntry`. Required by the orchestrator. */
  downloadQueues: 'FILEWORKS_DOWNLOAD_QUEUES',
  /** Name of the table with entry metadata. Required by the worker. */
  metadataTable: 'FILEWORKS_METADATA_TABLE',
  /** Name of the result bucket. Required by the worker. */
  outputBucket: 'FILEWORKS_OUTPUT_BUCKET',
  /** Key prefix of results. Optional. */
  outputPrefix: 'FILEWORKS_OUTPUT_PREFIX',
} as const;

/** Role of a container of an export service: dispatch the files of jobs, or download them. */
export const ServiceMode = { orchestrator: 'orchestrator', worker: 'worker' } as const;
export type ServiceMode = (typeof ServiceMode)[keyof typeof ServiceMode];

/** Download queue for each export queue, so that priorities are kept. */
export interface DownloadQueueEntry {
  readonly exportQueueUrl: string;
  readonly downloadQueueUrl: string;
}

/** Metrics of an export service in the Fileworks namespace, with dimension `ExportService`. */
export const ExportMetricNames = {
  /** Count: export job messages processed by the orchestrator. */
  messagesProcessed: 'MessagesProcessed',
  /** Count: download tasks sent. */
  tasksDispatched: 'TasksDispatched',
  /** Milliseconds until the API responded. */
  apiLatency: 'ApiLatency',
  /** Milliseconds from the first request for a file until its last required byte was received. */
  downloadDuration: 'DownloadDuration',
  /**
   * Milliseconds from the first entry of an archive until all selected entries are stored; the download continues
   * during this time.
   */
  extractionTime: 'ExtractionTime',
  /**
   * Percent: 100 for a file whose results were stored, 0 for a file whose upload failed; the average is the success
   * rate.
   */
  uploadSuccessRate: 'UploadSuccessRate',
} as const;

export const EXPORT_METRIC_DIMENSION = 'ExportService';
