import { Connection } from '../../support/connection.js';
import { Attempts, resolveResume, resumingStream, type OpenRange, type ResumeOptions } from './resuming-stream.js';
import { ZipError } from '../zip-error.js';
import type { ArchiveSource, SourceTail } from './source.js';

/** A response to a range request. */
export interface RangeAnswer {
  /** Offset of the first byte of the body. */
  readonly start: number;
  /** Bytes of the whole resource. */
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Requests a range in the format of the `Range` header. Undefined: the resource is empty. MUST reject with a ZipError
 * if a retry cannot succeed.
 */
export type GetRange = (range: string, signal: AbortSignal) => Promise<RangeAnswer | undefined>;

/**
 * Common part of the S3 and HTTP sources: one request returns size and directory, and every read resumes after broken
 * connections.
 */
export function rangedSource(label: string, get: GetRange, options: ResumeOptions): ArchiveSource {
  const resume = resolveResume(options);

  const open: OpenRange = async (start, end, signal) => {
    const answer = await get(`bytes=${start}-${end - 1}`, signal);
    if (answer?.start !== start) {
      throw new ZipError(
        'ERR_ZIP_RANGES_UNSUPPORTED',
        `requested bytes from ${start} on, received bytes from ${answer?.start ?? 0} on`,
        { archive: label },
      );
    }
    return answer.body;
  };
  const stream = (start: number, end: number, signal?: AbortSignal): AsyncGenerator<Buffer, void, void> =>
    resumingStream(open, start, end, new Attempts(label, resume, signal));

  return {
    label,
    async tail(length, signal): Promise<SourceTail> {
      const attempts = new Attempts(label, resume, signal);
      for (;;) {
        const connection = new Connection(resume.idleTimeoutMs, signal);
        try {
          let first = await connection.within(get(`bytes=-${length}`, connection.signal));
          if (first === undefined) {
            return { size: 0, bytes: Buffer.alloc(0) };
          }
          const { start, size } = first;
          if (start !== Math.max(0, size - length)) {
            throw new ZipError('ERR_ZIP_RANGES_UNSUPPORTED', 'requested the last bytes, received others', {
              archive: label,
            });
          }
          const continued: OpenRange = (from, to, inner) => {
            const body = first?.body;
            first = undefined;
            return body === undefined ? open(from, to, inner) : Promise.resolve(body);
          };
          return { size, bytes: await collect(resumingStream(continued, start, size, attempts)) };
        } catch (error) {
          await attempts.failed(error, 0);
        } finally {
          connection.close();
        }
      }
    },
    read: (start, end, signal) => collect(stream(start, end, signal)),
    stream,
    close: () => Promise.resolve(),
  };
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) {
    pieces.push(piece);
  }
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}
