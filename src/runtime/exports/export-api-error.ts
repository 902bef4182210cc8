import { FileworksError } from '../errors.js';

/**
 * Codes of {@link ExportApiError}. Match on these, never on the message.
 *
 * - `ERR_EXPORT_UNAVAILABLE`: no usable answer through every attempt, or one that asks to wait longer than a request
 *   may; another time may do.
 * - `ERR_EXPORT_CREDENTIALS`: the API refuses the credentials, also after they were read again.
 * - `ERR_EXPORT_NOT_FOUND`: HTTP 404.
 * - `ERR_EXPORT_GONE`: HTTP 410; an expired link, or on a page that was asked for by a cursor, an expired cursor.
 * - `ERR_EXPORT_REFUSED`: any other HTTP 4xx. Signed links that are too old are 403.
 * - `ERR_EXPORT_URL`: an address outside the origins that the client may ask.
 * - `ERR_EXPORT_PAGE`: a page that is not JSON of the expected shape, or is too large.
 * - `ERR_EXPORT_PAGES_REPEAT`: the API leads in a circle, or to more pages than a list may have.
 * - `ERR_EXPORT_CHANGED`: the file was replaced while it was downloaded.
 * - `ERR_EXPORT_NOT_RESUMABLE`: the download broke and the server cannot go on with it.
 * - `ERR_EXPORT_CONTENT`: the download has another length or checksum than it should have.
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
  /** Address that was asked; written without query string, which may hold a signature. */
  readonly url: URL;
  readonly status?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/** An Export API that does not answer, refuses, or answers with what cannot be used. */
export class ExportApiError extends FileworksError {
  override readonly code: ExportApiErrorCode;
  /** HTTP status, when there was an answer. */
  readonly status?: number;
  /** How long the server asks to wait. */
  readonly retryAfterSeconds?: number;

  constructor(
    code: ExportApiErrorCode,
    message: string,
    { url, status, retryAfterSeconds, cause }: ExportApiErrorDetails,
  ) {
    super(`${message} (${url.origin}${url.pathname})`, cause === undefined ? undefined : { cause });
    this.code = code;
    if (status !== undefined) {
      this.status = status;
    }
    if (retryAfterSeconds !== undefined) {
      this.retryAfterSeconds = retryAfterSeconds;
    }
  }
}

/** What an answer that is no success means. */
export function refusalOf(url: URL, status: number, retryAfterSeconds?: number): ExportApiError {
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
  return new ExportApiError(code, `the server answered HTTP ${status}`, { url, status, retryAfterSeconds });
}

/** Statuses that ask for another attempt. */
function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}
