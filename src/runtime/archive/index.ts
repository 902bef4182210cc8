export type { ArchiveAllowance } from './allowances.js';
export type { ArchiveEntry, ReadOptions } from './archive-entry.js';
export { ArchiveError, type ArchiveErrorDetails } from './archive-error.js';
export {
  DynamoMetadata,
  MetadataUnavailable,
  type DynamoMetadataOptions,
  type MetadataItem,
} from './dynamo-metadata.js';
export { entriesMatching, type MatchedEntry, type MatchOptions, type MetadataLookup } from './entries-matching.js';
export type { EntryKind } from './entry-record.js';
export { streamGzip, type GzipOptions } from './gzip.js';
export { DEFAULT_ARCHIVE_LIMITS, type ArchiveLimits } from './limits.js';
export type { Decompressor } from './optional-codecs.js';
export { bufferSource } from './sources/buffer-source.js';
export { fileSource } from './sources/file-source.js';
export { httpSource, type HttpSourceOptions } from './sources/http-source.js';
export type { ResumeOptions } from './sources/resuming-stream.js';
export { s3Source, type S3SourceOptions } from './sources/s3-source.js';
export type { ArchiveSource, SourceTail } from './sources/source.js';
export { streamTar, type TarEntry, type TarOptions } from './tar.js';
export { TarError, type TarErrorCode } from './tar-error.js';
export { openZip, type ForEachOptions, type ReadAllOptions, type ZipArchive, type ZipOptions } from './zip-archive.js';
export type { ZipEntry } from './zip-entry.js';
export { ZipError, type ZipErrorCode } from './zip-error.js';
export { streamZip, type StreamedEntry, type StreamZipOptions, type ZipStream } from './zip-stream.js';
