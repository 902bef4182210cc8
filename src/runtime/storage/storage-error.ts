import { FileworksError } from '../errors.js';
import { printable } from '../support/printable.js';

/**
 * Codes of {@link StorageError}. Match on these, never on the message.
 *
 * - `ERR_STORAGE_DIFFERS`: another content is there already, and `ifDifferent` is `fail`.
 * - `ERR_STORAGE_CONFLICT`: others kept writing the same key through every attempt.
 * - `ERR_STORAGE_CONTENT`: the body is not what its size or checksum says, or cannot be read twice where it must be.
 * - `ERR_STORAGE_FAILED`: S3 refused or did not answer; `cause` has its error.
 */
export type StorageErrorCode =
  'ERR_STORAGE_DIFFERS' | 'ERR_STORAGE_CONFLICT' | 'ERR_STORAGE_CONTENT' | 'ERR_STORAGE_FAILED';

/** An object that was not stored. */
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
