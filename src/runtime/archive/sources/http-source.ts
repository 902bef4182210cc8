import { contentRangeOf, validatorOf } from '../../support/http-range.js';
import { ZipError } from '../zip-error.js';
import { rangedSource } from './ranged-source.js';
import type { ResumeOptions } from './resuming-stream.js';
import type { ArchiveSource } from './source.js';

export interface HttpSourceOptions extends ResumeOptions {
  /** Headers of every request, for example an authorization. Never logged. @default - none */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Makes the requests, for example `ExportApiClient.fetch`; its Fileworks errors are not retried. @default - the
   * global fetch
   */
  readonly fetch?: typeof fetch;
}

/**
 * An archive on an HTTP server that supports ranges.
 *
 * A presigned URL must be signed without a `Range` header. Every read after the first has an `If-Range` header with the
 * server's strong ETag, or otherwise its date, so that a replaced archive is an error.
 *
 * @throws TypeError for an invalid URL, or one that contains a user or password
 *
 * Limitation: for a server without either, a replacement is detected only by size, checksums or records.
 */
export function httpSource(url: string | URL, options: HttpSourceOptions = {}): ArchiveSource {
  const address = new URL(url);
  // Fetch refuses credentials in URLs, with an error message that contains them.
  if (address.username !== '' || address.password !== '') {
    throw new TypeError('Expected `url` without user and password; pass them as an authorization in `headers`');
  }
  const label = `${address.origin}${address.pathname}`;
  const request = options.fetch ?? fetch;
  let validator: string | undefined;
  let knownSize: number | undefined;

  return rangedSource(
    label,
    async (range, signal) => {
      const response = await request(address, {
        // With content encoding, ranges would refer to the encoded body.
        headers: {
          ...options.headers,
          ...(validator !== undefined && { 'if-range': validator }),
          range: range,
          'accept-encoding': 'identity',
        },
        signal,
      });
      const { status, headers } = response;
      if (status === 206 && response.body !== null) {
        const range206 = contentRangeOf(headers.get('content-range'));
        if (range206?.size === undefined) {
          throw new ZipError('ERR_ZIP_RANGES_UNSUPPORTED', 'the response of the server has no valid content range', {
            archive: label,
          });
        }
        validator ??= validatorOf(headers);
        const { start, size } = range206;
        knownSize ??= size;
        // Checked here too: not every server supports If-Range.
        if (knownSize === size && validator === validatorOf(headers)) {
          return { start, size: knownSize, body: response.body };
        }
        await response.body.cancel();
        throw changed(label);
      }
      await response.body?.cancel();
      if (status === 416 && /\/0$/.test(headers.get('content-range') ?? '')) {
        return undefined;
      }
      if (status === 200 && knownSize !== undefined) {
        throw changed(label);
      }
      if (status === 200) {
        throw new ZipError(
          'ERR_ZIP_RANGES_UNSUPPORTED',
          'the server ignores ranges and sends the whole body; use streamZip',
          { archive: label },
        );
      }
      // 408, 429 and 5xx are retried.
      if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
        throw new ZipError('ERR_ZIP_SOURCE', `the server refused the read: HTTP ${status}`, { archive: label });
      }
      throw new Error(`HTTP ${status}`);
    },
    options,
  );
}

function changed(label: string): ZipError {
  return new ZipError('ERR_ZIP_SOURCE_CHANGED', 'the archive was replaced while it was read', { archive: label });
}
