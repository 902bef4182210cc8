import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Connection } from '../support/connection.js';
import { contentRangeOf, validatorOf } from '../support/http-range.js';
import { sleep, systemClock } from '../support/clock.js';
import type { ExportApiClient } from './export-api-client.js';
import { ExportApiError } from './export-api-error.js';
import { retryDelay } from './retry-delay.js';

export interface DownloadOptions {
  /** Expected size in bytes. @default - the size sent by the server */
  readonly size?: number;
  /** Expected SHA-256, in hex. @default - not checked */
  readonly sha256?: string;
  readonly signal?: AbortSignal;
}

/**
 * Downloads a file as a stream, over as many connections as needed: after a break it resumes at the first missing byte,
 * if the server confirms by `If-Range` that the file is unchanged. Memory use is independent of the file size.
 *
 * Length and checksum are verified before the loop ends, so do not commit results before that.
 *
 * @throws ExportApiError
 */
export async function* download(
  client: ExportApiClient,
  address: string | URL,
  options: DownloadOptions = {},
): AsyncGenerator<Buffer, void, void> {
  const { signal } = options;
  const { retry } = client;
  const hash = options.sha256 === undefined ? undefined : createHash('sha256');
  const url = client.resolve(address);
  let file: { readonly size: number | undefined; readonly validator: string | undefined } | undefined;
  let at = 0;
  for (let breaks = 0; ;) {
    const connection = new Connection(retry.idleTimeoutMs, signal);
    let body: AsyncIterator<Uint8Array> | undefined;
    try {
      const resumes: Record<string, string> =
        file === undefined ? {} : { range: `bytes=${at}-`, 'if-range': file.validator ?? '' };
      const response = await client.get(url, {
        headers: { ...resumes, 'accept-encoding': 'identity' },
        signal: connection.signal,
      });
      file ??= { size: sizeOf(response, url) ?? options.size, validator: validatorOf(response.headers) };
      if (at > 0) {
        checkContinues(response, at, file.size, url);
      }
      body = (response.body ?? (Readable.from([]) as AsyncIterable<Uint8Array>))[Symbol.asyncIterator]();
      for (;;) {
        const piece = await connection.within(body.next());
        if (piece.done === true) {
          break;
        }
        const { buffer, byteOffset, byteLength } = piece.value;
        const bytes = Buffer.from(buffer, byteOffset, byteLength);
        at += byteLength;
        breaks = 0;
        if (at > (file.size ?? Infinity)) {
          throw contentError(url, `it is longer than ${file.size} bytes`);
        }
        hash?.update(bytes);
        yield bytes;
      }
      if (file.size === undefined || at === file.size) {
        break;
      }
      throw new Error(`the connection ended ${file.size - at} bytes early`);
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof ExportApiError) {
        throw cause;
      }
      breaks += 1;
      if (breaks >= retry.maxAttempts) {
        throw new ExportApiError('ERR_EXPORT_UNAVAILABLE', `the download broke ${breaks} times in a row`, {
          url,
          cause,
        });
      }
      if (at > 0 && file?.validator === undefined) {
        throw new ExportApiError('ERR_EXPORT_NOT_RESUMABLE', `the download broke after ${at} bytes`, { url, cause });
      }
      if (at === 0) {
        file = undefined;
      }
    } finally {
      connection.close();
      // Not awaited: a hanging body may hang here too, and its connection is already closed.
      body?.return?.().catch(() => undefined);
    }
    await sleep(systemClock, retryDelay(breaks, retry), signal);
    signal?.throwIfAborted();
  }
  if (options.size !== undefined && at !== options.size) {
    throw contentError(url, `it has ${at} bytes, ${options.size} were announced`);
  }
  const sum = hash?.digest('hex');
  if (sum !== options.sha256?.toLowerCase()) {
    throw contentError(url, `its SHA-256 is ${sum}, ${options.sha256} was announced`);
  }
}

/** Checks that a response continues where the last one broke. @throws ExportApiError */
function checkContinues(response: Response, at: number, size: number | undefined, url: URL): void {
  if (response.status === 416) {
    throw contentError(url, `it ends after ${at} bytes, ${size} were announced`);
  }
  if (response.status !== 206) {
    throw response.headers.get('accept-ranges') === 'bytes'
      ? new ExportApiError('ERR_EXPORT_CHANGED', 'the file was replaced while it was downloaded', { url })
      : new ExportApiError(
          'ERR_EXPORT_NOT_RESUMABLE',
          `the download broke after ${at} bytes and the server does not support resuming`,
          { url },
        );
  }
  const range = contentRangeOf(response.headers.get('content-range'));
  if (range?.start !== at || (size !== undefined && range.size !== undefined && range.size !== size)) {
    throw new ExportApiError('ERR_EXPORT_CHANGED', `requested bytes from ${at} on, received others`, { url });
  }
}

function sizeOf({ headers }: Response, url: URL): number | undefined {
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    throw contentError(url, `it has the encoding ${encoding}, which was not requested`);
  }
  const length = headers.get('content-length');
  return length === null ? undefined : Number(length);
}

function contentError(url: URL, what: string): ExportApiError {
  return new ExportApiError('ERR_EXPORT_CONTENT', `the download is not the expected file: ${what}`, { url });
}
