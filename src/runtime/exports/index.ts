export {
  type ExportCredentials,
  type RequestHeaders,
  SecretCredentials,
  type SecretCredentialsOptions,
} from './credentials.js';
export { download, type DownloadOptions } from './download.js';
export {
  type ExportAnswer,
  ExportApiClient,
  type ExportApiClientOptions,
  type ExportPage,
  type PagesOptions,
  type RequestOptions,
} from './export-api-client.js';
export { ExportApiError, type ExportApiErrorCode, type ExportApiErrorDetails } from './export-api-error.js';
export {
  ExportJobContention,
  type ExportJobRow,
  type ExportJobStatus,
  ExportJobStore,
  type ExportJobStoreOptions,
  type FileOutcome,
  type Settled,
} from './export-job-store.js';
export { type PageTrail } from './page-trail.js';
export {
  cursorPages,
  type CursorPagesOptions,
  linkPages,
  type LinkPagesOptions,
  offsetPages,
  type OffsetPagesOptions,
  type PageAnswer,
  type Pagination,
} from './pagination.js';
export { type RetryOptions } from './retry-delay.js';
export { type RateLimit, SharedRateLimit, type SharedRateLimitOptions } from './shared-rate-limit.js';
