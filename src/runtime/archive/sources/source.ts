import { ZipError } from '../zip-error.js';

/** The end of an archive, and with it the archive's size. */
export interface SourceTail {
  /** Bytes of the whole archive. */
  readonly size: number;
  /** The last bytes of the archive. */
  readonly bytes: Buffer;
}

/**
 * Something that can be read from any place: a file, an S3 object, an HTTP resource with ranges, a buffer.
 *
 * To bring your own: every method MUST reject when the signal aborts, and MUST see one and the same content for the
 * life of the source
 * (reject with `ERR_ZIP_SOURCE_CHANGED` otherwise); it MAY be called many times at once.
 */
export interface ArchiveSource {
  /**
   * Says which archive it is in errors and manifests. MUST NOT hold credentials, so no query string of a presigned URL.
   */
  readonly label: string;
  /**
   * Reads the last `length` bytes, or everything when it is shorter, in as few requests as possible. Called once,
   * first.
   */
  tail(length: number, signal?: AbortSignal): Promise<SourceTail>;
  /** Reads the bytes from `start` up to, without, `end`, all of them. */
  read(start: number, end: number, signal?: AbortSignal): Promise<Buffer>;
  /** The same in pieces, for large ranges; MUST stop reading when the loop over it ends early. */
  stream(start: number, end: number, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Like `stream`, but a piece MAY be used again for other bytes once the next one is asked for. */
  lend?(start: number, end: number, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Gives back what the source holds. */
  close(): Promise<void>;
}

/** The error for bytes that should have been there. */
export function sourceEnded(label: string, offset: number): ZipError {
  return new ZipError('ERR_ZIP_TRUNCATED', 'the archive ends before the bytes that its records point to', {
    archive: label,
    offset,
  });
}

/** The error for a source that failed; what is a ZipError already stays one, and an abort stays an abort. */
export function sourceFailed(label: string, offset: number, cause: unknown, signal?: AbortSignal): unknown {
  if (cause instanceof ZipError || signal?.aborted) {
    return signal?.aborted ? signal.reason : cause;
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ZipError('ERR_ZIP_SOURCE', `reading the archive failed: ${reason}`, { archive: label, offset, cause });
}
