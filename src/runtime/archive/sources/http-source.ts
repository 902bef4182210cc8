import { ZipError } from '../zip-error.js';
import { rangedSource } from './ranged-source.js';
import type { ResumeOptions } from './resuming-stream.js';
import type { ArchiveSource } from './source.js';

export interface HttpSourceOptions extends ResumeOptions {
  /** Sent with every request, for example an authorization. Never logged. @default - none */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Makes the requests, such as `ExportApiClient.fetch`; an error of ours that it throws is not tried again. @default -
   * the global fetch
   */
  readonly fetch?: typeof fetch;
}

/**
 * An archive behind HTTP, from a server that supports ranges.
 *
 * A presigned URL must be signed without a `Range` header. Every read after the first carries `If-Range` with the
 * server's strong ETag, or with its
 * date when it has no such ETag, so an archive that is replaced meanwhile is an error.
 *
 * @throws TypeError for a URL that is none, or that holds a user or password
 *
 * Limitation: for a server that gives neither, a replacement shows only when size, checksums or records no longer fit.
 */
export function httpSource(url: string | URL, options: HttpSourceOptions = {}): ArchiveSource {
  const address = new URL(url);
  // Fetch refuses them with a message that holds them.
  if (address.username !== '' || address.password !== '') {
    throw new TypeError('Expected `url` without user and password; give them as an authorization in `headers`');
  }
  const label = `${address.origin}${address.pathname}`;
  const request = options.fetch ?? fetch;
  let validator: string | undefined;
  let knownSize: number | undefined;

  return rangedSource(
    label,
    async (range, signal) => {
      const response = await request(address, {
        // Compression on the way would make the ranges those of another body.
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
        const range206 = /^bytes (?<start>\d+)-\d+\/(?<size>\d+)$/.exec(headers.get('content-range') ?? '')?.groups;
        if (range206 === undefined) {
          throw new ZipError('ERR_ZIP_RANGES_UNSUPPORTED', 'the server does not say which range it sent', {
            archive: label,
          });
        }
        validator ??= validatorOf(headers);
        const size = Number(range206.size);
        knownSize ??= size;
        // Checked here too: not every server knows If-Range.
        if (knownSize === size && validator === validatorOf(headers)) {
          return { start: Number(range206.start), size: knownSize, body: response.body };
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
          'the server answers a range with the whole body; use streamZip',
          { archive: label },
        );
      }
      // 408 and 429 ask for another attempt, as everything from 500 on does.
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

/**
 * What stands for these bytes and no others: a strong ETag, else the date, as RFC 9110 13.1.5 allows for `If-Range`.
 */
function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get('etag');
  return etag?.startsWith('"') === true ? etag : (headers.get('last-modified') ?? undefined);
}
