import { messageOf } from '../../support/thrown.js';
import { ZipError } from '../zip-error.js';

/** The end of an archive, and the size of the archive. */
export interface SourceTail {
  /** Bytes of the whole archive. */
  readonly size: number;
  /** The last bytes of the archive. */
  readonly bytes: Buffer;
}

/**
 * A source with random access: a file, an S3 object, an HTTP resource with ranges, a buffer.
 *
 * In your own implementation, every method MUST reject when the signal aborts, and MUST read the same content for the
 * lifetime of the source (otherwise reject with `ERR_ZIP_SOURCE_CHANGED`); methods MAY be called concurrently.
 */
export interface ArchiveSource {
  /**
   * Name of the archive in errors and manifests. MUST NOT contain credentials, such as the query string of a presigned
   * URL.
   */
  readonly label: string;
  /**
   * Reads the last `length` bytes, or everything if it is shorter, with as few requests as possible. Called once,
   * first.
   */
  tail(length: number, signal?: AbortSignal): Promise<SourceTail>;
  /** Reads all bytes from `start` (inclusive) to `end` (exclusive). */
  read(start: number, end: number, signal?: AbortSignal): Promise<Buffer>;
  /** The same as a stream, for large ranges; MUST stop reading when the loop over it ends early. */
  stream(start: number, end: number, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Like `stream`, but the memory of a piece MAY be reused once the next one is requested. */
  streamTransient?(start: number, end: number, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Releases the resources of the source. */
  close(): Promise<void>;
}

/** The error for missing bytes. */
export function sourceEnded(label: string, offset: number): ZipError {
  return new ZipError('ERR_ZIP_TRUNCATED', 'the archive ends before the bytes that its records point to', {
    archive: label,
    offset,
  });
}

/** The error for a failed source; a ZipError and an abort reason are not wrapped. */
export function sourceFailed(label: string, offset: number, cause: unknown, signal?: AbortSignal): unknown {
  if (cause instanceof ZipError || signal?.aborted) {
    return signal?.aborted ? signal.reason : cause;
  }
  const reason = messageOf(cause);
  return new ZipError('ERR_ZIP_SOURCE', `reading the archive failed: ${reason}`, { archive: label, offset, cause });
}
