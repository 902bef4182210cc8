/**
 * Environment variables that `ObjectFargateTask` sets in the container of an object, from the S3 event.
 *
 * Variables of the object have the same names as in `TypedDispatcher`, so that one image works with both.
 */
export const ObjectTaskEnv = {
  bucket: 'FILEWORKS_FILE_BUCKET',
  /** The key itself, not URL-encoded. */
  key: 'FILEWORKS_FILE_KEY',
  /** Empty if the bucket has no versioning. */
  versionId: 'FILEWORKS_FILE_VERSION_ID',
  /** Bytes. */
  size: 'FILEWORKS_FILE_SIZE',
  etag: 'FILEWORKS_FILE_ETAG',
  /** Order of events of the same key, as hexadecimal text; not comparable between keys. */
  sequencer: 'FILEWORKS_FILE_SEQUENCER',
  /** The API call that created the object, such as `PutObject`. */
  reason: 'FILEWORKS_FILE_REASON',
  /** Id of the event, included in every log line of the job. */
  correlationId: 'FILEWORKS_CORRELATION_ID',
} as const;
