import { FileworksError } from '../errors.js';
import { printable } from '../support/printable.js';

/**
 * Codes of {@link StorageError}. Match on these, never on the message.
 *
 * - `ERR_STORAGE_DIFFERS`: an object with different content exists, and `ifDifferent` is `fail`.
 * - `ERR_STORAGE_CONFLICT`: concurrent writes of the same key in every attempt.
 * - `ERR_STORAGE_CONTENT`: the body does not match its size or checksum, or cannot be read a second time as required.
 * - `ERR_STORAGE_FORMAT`: the object has a newer format than this release reads; it was not changed.
 * - `ERR_STORAGE_FAILED`: S3 refused the request or did not respond; `cause` is its error.
 */
export type StorageErrorCode =
  'ERR_STORAGE_DIFFERS' | 'ERR_STORAGE_CONFLICT' | 'ERR_STORAGE_CONTENT' | 'ERR_STORAGE_FORMAT' | 'ERR_STORAGE_FAILED';

/** An object could not be stored. */
export class StorageError extends FileworksError {
  override readonly code: StorageErrorCode;
  readonly bucket: string;
  readonly key: string;

  constructor(
    code: StorageErrorCode,
    message: string,
    object: { readonly bucket: string; readonly key: string },
    cause?: unknown,
  ) {
    super(`${message} (s3://${object.bucket}/${printable(object.key)})`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.bucket = object.bucket;
    this.key = object.key;
  }
}
