/** `fileworks-runtime/storage`: results in S3, stored once and verified. */
export {
  IdempotentUploader,
  type IdempotentUploaderOptions,
  type ObjectSettings,
  type PutAllOptions,
  type PutBody,
  type PutOptions,
  type PutResult,
  StorageError,
  type StorageErrorCode,
  type Verification,
} from '../storage/index.js';
