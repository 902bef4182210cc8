export type { Verification } from './checksum.js';
export { IdempotentUploader, type IdempotentUploaderOptions, type PutAllOptions } from './idempotent-uploader.js';
export { moveObject, type Moved, type MoveOptions } from './move-object.js';
export type { ObjectSettings, PutBody, PutOptions, PutResult } from './put-options.js';
export { StorageError, type StorageErrorCode } from './storage-error.js';
