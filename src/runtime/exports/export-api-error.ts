import { FileworksError } from '../errors.js';

/**
 * Codes of {@link ExportApiError}. Match on these, never on the message.
 *
 * - `ERR_EXPORT_UNAVAILABLE`: no usable response in any attempt: none at all, HTTP 408, 425, 429 or 5xx, a web page in
 *   place of data, or JSON that is cut off. A later attempt may succeed.
 * - `ERR_EXPORT_CREDENTIALS`: the API refuses the credentials, even after they were read again.
 * - `ERR_EXPORT_NOT_FOUND`: HTTP 404.
 * - `ERR_EXPORT_GONE`: HTTP 410; an expired link, or an expired cursor of a page.
 * - `ERR_EXPORT_REFUSED`: any other HTTP 4xx. Expired signed links return 403.
 * - `ERR_EXPORT_URL`: an address outside the allowed origins.
 * - `ERR_EXPORT_PAGE`: a page that does not have the expected shape, or is too large.
 * - `ERR_EXPORT_PAGES_REPEAT`: the pages form a cycle, or there are more than allowed.
 * - `ERR_EXPORT_CHANGED`: the file was replaced while it was downloaded.
 * - `ERR_EXPORT_NOT_RESUMABLE`: the download broke and the server does not support resuming.
 * - `ERR_EXPORT_CONTENT`: the download has an unexpected length or checksum.
 */
export type ExportApiErrorCode = `ERR_EXPORT_${
  | 'UNAVAILABLE'
  | 'CREDENTIALS'
  | 'NOT_FOUND'
  | 'GONE'
  | 'REFUSED'
  | 'URL'
  | 'PAGE'
  | 'PAGES_REPEAT'
  | 'CHANGED'
  | 'NOT_RESUMABLE'
  | 'CONTENT'}`;

export interface ExportApiErrorDetails {
  /** Requested address; the query string, which may contain a signature, is not included in the message. */
  readonly url: URL;
  readonly status?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** Whether the address is one of the API itself, which denies a program and not a file. @default false */
  readonly own?: boolean;
  readonly cause?: unknown;
}

/** A failed request to an Export API: no response, a refusal, or an unusable response. */
export class ExportApiError extends FileworksError {
  override readonly code: ExportApiErrorCode;
  /** HTTP status, if there was a response. */
  readonly status?: number;
  /** `Retry-After` of the server, at most `maxRetryAfterSeconds`. */
  readonly retryAfterSeconds?: number;
  /** Host of the requested address, if it is unavailable or refuses everybody: no file is to blame. */
  readonly dependency?: string;

  constructor(
    code: ExportApiErrorCode,
    message: string,
    { url, status, retryAfterSeconds, own = false, cause }: ExportApiErrorDetails,
  ) {
    super(`${message} (${url.origin}${url.pathname})`, cause === undefined ? undefined : { cause });
    this.code = code;
    if (status !== undefined) {
      this.status = status;
    }
    if (retryAfterSeconds !== undefined) {
      this.retryAfterSeconds = retryAfterSeconds;
    }
    if (code === 'ERR_EXPORT_UNAVAILABLE' || code === 'ERR_EXPORT_CREDENTIALS' || (own && status === 403)) {
      this.dependency = url.host;
    }
  }
}

/** The error for an unsuccessful response. */
export function refusalOf(details: ExportApiErrorDetails & { readonly status: number }): ExportApiError {
  const { status } = details;
  const code =
    status === 401
      ? 'ERR_EXPORT_CREDENTIALS'
      : status === 404
        ? 'ERR_EXPORT_NOT_FOUND'
        : status === 410
          ? 'ERR_EXPORT_GONE'
          : isPassing(status)
            ? 'ERR_EXPORT_UNAVAILABLE'
            : 'ERR_EXPORT_REFUSED';
  return new ExportApiError(code, `the server returned HTTP ${status}`, details);
}

/** Statuses that are retried. */
function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}
