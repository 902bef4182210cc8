/**
 * Where the rows of files are: `TypedDispatcher` tells its functions and the containers of files. One of the first two
 * is set.
 */
export const DispatchStateEnv = {
  /** Name of the DynamoDB table. */
  tableName: 'FILEWORKS_DISPATCH_TABLE',
  /** JSON of `DatabaseSettings`. */
  database: 'FILEWORKS_DISPATCH_DATABASE',
  /** How long completed and skipped files are kept. Absent: 90 days. */
  retentionSeconds: 'FILEWORKS_DISPATCH_RETENTION_SECONDS',
  /** URL of the queue that is told when a turn has ended, beside a database; a table has a stream. */
  wakeQueueUrl: 'FILEWORKS_DISPATCH_WAKE_QUEUE_URL',
} as const;

/** The environment variables of the container of a file, beside those of `DispatchStateEnv`. */
export const DispatchEnv = {
  /** Id of the file that the task was launched for. */
  fileId: 'FILEWORKS_FILE_ID',
  /** Which launch of the file this is; 1 or more. */
  epoch: 'FILEWORKS_FILE_EPOCH',
  /**
   * Grows with every claim of the file's sequence; a target that refuses smaller ones is safe from a container that
   * outlived its turn.
   */
  fence: 'FILEWORKS_FILE_FENCE',
  bucket: 'FILEWORKS_FILE_BUCKET',
  key: 'FILEWORKS_FILE_KEY',
  versionId: 'FILEWORKS_FILE_VERSION_ID',
} as const;

/** Exit code of a container that was launched for nothing: another one has the file, or its turn is over. */
export const NOT_MY_TURN_EXIT_CODE = 75;
