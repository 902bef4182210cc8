/**
 * The environment variables that `ExportOrchestrator` writes into the containers of both services, beside those of
 * `WorkerEnv`.
 */
export const ExportEnv = {
  /** A value of `ServiceMode`, by which one image serves both. Required. */
  serviceMode: 'SERVICE_MODE',
  /** Names the export service in metrics, events and the shared rate limit. Required. */
  name: 'FILEWORKS_EXPORT_NAME',
  /** URL of the Export API. Optional: the program may know it. */
  apiUrl: 'FILEWORKS_EXPORT_API_URL',
  /** ARN of the secret with the credentials for the API. Optional. */
  apiSecret: 'FILEWORKS_EXPORT_API_SECRET',
  /** Requests in a second to the API, of all tasks of both services together; more than 0. Optional. */
  apiRequestsPerSecond: 'FILEWORKS_EXPORT_API_REQUESTS_PER_SECOND',
  /** Name of the table of `ExportJobStore`. Required. */
  jobTable: 'FILEWORKS_EXPORT_JOB_TABLE',
  /** Name of the event bus. Required. */
  eventBus: 'FILEWORKS_EXPORT_EVENT_BUS',
  /** JSON array of `DownloadQueueEntry`. Required by the orchestrator. */
  downloadQueues: 'FILEWORKS_DOWNLOAD_QUEUES',
  /**
   * The service that downloads, as Application Auto Scaling names it: `service/<cluster>/<service>`. Optional, for the
   * orchestrator.
   */
  workerService: 'FILEWORKS_WORKER_SERVICE',
  /** Name of the table with the metadata of entries. Required by the worker. */
  metadataTable: 'FILEWORKS_METADATA_TABLE',
  /** Name of the bucket of results. Required by the worker. */
  outputBucket: 'FILEWORKS_OUTPUT_BUCKET',
  /** Beginning of the keys of results. Optional. */
  outputPrefix: 'FILEWORKS_OUTPUT_PREFIX',
} as const;

/** What a container of an export service does: dispatch the files of jobs, or download them. */
export const ServiceMode = { orchestrator: 'orchestrator', worker: 'worker' } as const;
export type ServiceMode = (typeof ServiceMode)[keyof typeof ServiceMode];

/** Where the download tasks of jobs go, by the queue that the jobs come from: priorities are kept. */
export interface DownloadQueueEntry {
  readonly exportQueueUrl: string;
  readonly downloadQueueUrl: string;
}

/** What an export service measures, in the namespace of Fileworks, by the dimension `ExportService`. */
export const ExportMetricNames = {
  /** Count: messages of export jobs that the orchestrator is done with. */
  messagesProcessed: 'MessagesProcessed',
  /** Count: download tasks sent. */
  tasksDispatched: 'TasksDispatched',
  /** Milliseconds until the API answered a request. */
  apiLatency: 'ApiLatency',
  /** Milliseconds from the first request for a file until its last byte that was needed has come. */
  downloadDuration: 'DownloadDuration',
  /**
   * Milliseconds from the first entry of an archive until all that are wanted are stored; downloading goes on
   * meanwhile.
   */
  extractionTime: 'ExtractionTime',
  /**
   * Percent: 100 for a file whose results were stored, 0 for one that the bucket refused; their average is the rate.
   */
  uploadSuccessRate: 'UploadSuccessRate',
  /** 1 while the circuit of a task is open, because the API is away, else 0. */
  circuitOpen: 'CircuitOpen',
} as const;

export const EXPORT_METRIC_DIMENSION = 'ExportService';
