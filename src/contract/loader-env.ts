/**
 * Environment variables that `BatchFileLoader` sets in its function and `fileLoader` reads, in addition to the
 * queue and the dead-letter queue of `WorkerEnv`.
 */
export const LoaderEnv = {
  /** Name of the loader in its ledger and metrics. Required. */
  name: 'FILEWORKS_LOADER_NAME',
  /** JSON of `DatabaseSettings`. Required. */
  database: 'FILEWORKS_DATABASE',
  /** URL of the queue for files over the limit. Absent: they are rejected. */
  largeFileQueueUrl: 'FILEWORKS_LARGE_FILE_QUEUE_URL',
  /** Maximum bytes of a file that the function loads itself; 1 or more. */
  maxFileBytes: 'FILEWORKS_MAX_FILE_BYTES',
  /** Maximum total bytes of files in memory, and in one transaction; 1 or more. */
  maxBatchBytes: 'FILEWORKS_MAX_BATCH_BYTES',
} as const;

/** Metrics of the loader in the Fileworks namespace, with dimension `Loader`. */
export const LoaderMetrics = {
  filesLoaded: 'FilesLoaded',
  rowsLoaded: 'RowsLoaded',
  bytesLoaded: 'BytesLoaded',
  /** Redelivered files that were loaded before. */
  filesRepeated: 'FilesRepeated',
  /** Files superseded by a newer version of the same key. */
  filesSuperseded: 'FilesSuperseded',
  /** Files that cannot be loaded by a retry; they are in the dead-letter queue with the reason. */
  filesRejected: 'FilesRejected',
  /** Files over the limit, sent to the large file queue. */
  filesHandedOver: 'FilesHandedOver',
  /** Failed attempts that are retried. */
  filesFailed: 'FilesFailed',
} as const;

export const LOADER_METRIC_DIMENSION = 'Loader';
