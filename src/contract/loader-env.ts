/**
 * The environment variables that `BatchFileLoader` writes into its function and `fileLoader` reads, beside the
 * dead-letter queue of `WorkerEnv`.
 */
export const LoaderEnv = {
  /** Names the loader in its ledger and metrics. Required. */
  name: 'FILEWORKS_LOADER_NAME',
  /** JSON of `DatabaseSettings`. Required. */
  database: 'FILEWORKS_DATABASE',
  /** URL of the queue for files over the limit. Absent: they are rejected. */
  largeFileQueueUrl: 'FILEWORKS_LARGE_FILE_QUEUE_URL',
  /** Bytes of the largest file that the function loads itself; 1 or more. */
  maxFileBytes: 'FILEWORKS_MAX_FILE_BYTES',
  /** Bytes of files that are in memory, and in a transaction, together; 1 or more. */
  maxBatchBytes: 'FILEWORKS_MAX_BATCH_BYTES',
} as const;

/** What the loader counts, in the namespace of Fileworks, by the dimension `Loader`. */
export const LoaderMetrics = {
  filesLoaded: 'FilesLoaded',
  rowsLoaded: 'RowsLoaded',
  bytesLoaded: 'BytesLoaded',
  /** Files that were loaded before, delivered again. */
  filesRepeated: 'FilesRepeated',
  /** Files that a newer version of the same key made pointless. */
  filesSuperseded: 'FilesSuperseded',
  /** Files that no retry can help; they are in the dead-letter queue with the reason. */
  filesRejected: 'FilesRejected',
  /** Files over the limit, given to the queue for them. */
  filesHandedOver: 'FilesHandedOver',
  /** Attempts that failed for a reason that may pass; the file comes again. */
  filesFailed: 'FilesFailed',
} as const;

export const LOADER_METRIC_DIMENSION = 'Loader';
