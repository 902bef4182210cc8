/** The environment variables that `TypedDispatcher` gives to the container of a file and `FileTask.begin()` reads. */
export const DispatchEnv = {
  /** Name of the DynamoDB table of the state store. */
  tableName: 'FILEWORKS_DISPATCH_TABLE',
  /** Id of the file that the task was launched for. */
  fileId: 'FILEWORKS_FILE_ID',
  /** Which launch of the file this is; 1 or more. */
  epoch: 'FILEWORKS_FILE_EPOCH',
  /** Grows with every claim of the file's sequence; a target that refuses smaller ones is safe from a container that outlived its turn. */
  fence: 'FILEWORKS_FILE_FENCE',
  bucket: 'FILEWORKS_FILE_BUCKET',
  key: 'FILEWORKS_FILE_KEY',
  versionId: 'FILEWORKS_FILE_VERSION_ID',
} as const;

/** Exit code of a container that was launched for nothing: another one has the file, or its turn is over. */
export const NOT_MY_TURN_EXIT_CODE = 75;
