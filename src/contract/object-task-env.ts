/**
 * The environment variables that `ObjectFargateTask` gives to the container of an object, out of the event that S3
 * sent.
 *
 * What is said of the object itself is named as `TypedDispatcher` names it, so that one image serves both.
 */
export const ObjectTaskEnv = {
  bucket: 'FILEWORKS_FILE_BUCKET',
  /** The key itself, not URL-encoded. */
  key: 'FILEWORKS_FILE_KEY',
  /** Empty when the bucket has no versions. */
  versionId: 'FILEWORKS_FILE_VERSION_ID',
  /** Bytes. */
  size: 'FILEWORKS_FILE_SIZE',
  etag: 'FILEWORKS_FILE_ETAG',
  /** Orders events of the same key, as hexadecimal text; says nothing between keys. */
  sequencer: 'FILEWORKS_FILE_SEQUENCER',
  /** The call that made the object, such as `PutObject`. */
  reason: 'FILEWORKS_FILE_REASON',
  /** Id of the event, which stands in every log line of the work. */
  correlationId: 'FILEWORKS_CORRELATION_ID',
} as const;
