/**
 * Location of the file rows, set by `TypedDispatcher` for its functions and for the containers of files. One of the
 * first two is set.
 */
export const DispatchStateEnv = {
  /** Name of the DynamoDB table. */
  tableName: 'FILEWORKS_DISPATCH_TABLE',
  /** JSON of `DatabaseSettings`. */
  database: 'FILEWORKS_DISPATCH_DATABASE',
  /** Retention of completed and skipped files. Absent: 90 days. */
  retentionSeconds: 'FILEWORKS_DISPATCH_RETENTION_SECONDS',
  /** URL of the queue for notifications of ended turns, if rows are in a database; a table has a stream. */
  wakeQueueUrl: 'FILEWORKS_DISPATCH_WAKE_QUEUE_URL',
} as const;

/** Environment variables of the container of a file, in addition to `DispatchStateEnv`. */
export const DispatchEnv = {
  /** Id of the file for which the task was launched. */
  fileId: 'FILEWORKS_FILE_ID',
  /** Number of this launch of the file; 1 or more. */
  epoch: 'FILEWORKS_FILE_EPOCH',
  /**
   * Fencing token: grows with every claim of the file's sequence. A target that refuses smaller ones is protected from
   * a container that outlives its turn.
   */
  fence: 'FILEWORKS_FILE_FENCE',
  bucket: 'FILEWORKS_FILE_BUCKET',
  key: 'FILEWORKS_FILE_KEY',
  versionId: 'FILEWORKS_FILE_VERSION_ID',
} as const;

/** Exit code of a container whose turn is over or was taken by another container. */
export const NOT_MY_TURN_EXIT_CODE = 75;
