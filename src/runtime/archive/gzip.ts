import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ArchiveEntry, ReadOptions } from './archive-entry.js';
import { ByteReader } from './byte-reader.js';
import { INFLATE_PIECE_BYTES } from './entry-data.js';
import { EntryStream } from './entry-stream.js';
import { OutputBudget, RATIO_GRACE_BYTES, resolveLimits, type ArchiveLimits } from './limits.js';
import { TarError } from './tar-error.js';
import { ZipError } from './zip-error.js';

export interface GzipOptions {
  /**
   * `maxEntryBytes`, `maxTotalBytes`, `maxRatio` and `maxBufferBytes` apply. @default - {@link DEFAULT_ARCHIVE_LIMITS}
   */
  readonly limits?: ArchiveLimits;
  /** Name of the one entry. @default - `label` without `.gz` */
  readonly name?: string;
  /** Names the file in errors. @default 'stream' */
  readonly label?: string;
  /** @default - none */
  readonly signal?: AbortSignal;
}

/**
 * A gzip file as an archive with one entry. The checksum of gzip is verified at its end; later bytes are ignored, as by
 * other gzip readers.
 *
 * It can be read once. @throws ConfigurationError for an invalid limit
 */
export function streamGzip(source: AsyncIterable<Uint8Array>, options: GzipOptions = {}): ArchiveEntry {
  const limits = resolveLimits(options.limits);
  const label = options.label ?? 'stream';
  const reader = new ByteReader(label, source, options.signal);
  const name = options.name ?? (label.split('/').at(-1) ?? label).replace(/\.gz$/i, '');
  async function* pieces(signal?: AbortSignal): AsyncGenerator<Buffer, void, void> {
    let bytes = 0;
    for await (const piece of ungzipped(reader, limits, new OutputBudget(limits.maxTotalBytes), signal)) {
      bytes += piece.length;
      if (bytes > limits.maxEntryBytes) {
        throw new TarError('ERR_TAR_ENTRY_TOO_LARGE', `more than \`limits.maxEntryBytes\` (${limits.maxEntryBytes})`, {
          archive: label,
          entry: name,
        });
      }
      yield piece;
    }
  }
  return {
    name,
    kind: 'file',
    size: undefined,
    crc32: undefined,
    modified: undefined,
    refusal: undefined,
    stream: ({ signal }: ReadOptions = {}): Readable => new EntryStream((stop) => pieces(stop), signal),
    pieces: ({ signal }: ReadOptions = {}) => pieces(signal),
    async buffer({ signal }: ReadOptions = {}) {
      return collectUpTo(pieces(signal), limits.maxBufferBytes, label, name);
    },
  };
}

/** Inflates gzip up to the limits. The reader is closed at the end. */
export async function* ungzipped(
  reader: ByteReader,
  limits: Required<ArchiveLimits>,
  budget: OutputBudget,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  const archive = reader.label;
  const engine = createGunzip({ chunkSize: INFLATE_PIECE_BYTES });
  const fed = pipeline(rawPieces(reader), engine, { signal });
  fed.catch(() => undefined); // arrives through the engine
  let bytes = 0;
  try {
    for await (const piece of engine as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (!budget.spend(piece.length)) {
        throw new TarError(
          'ERR_TAR_TOTAL_TOO_LARGE',
          `more than \`limits.maxTotalBytes\` (${limits.maxTotalBytes}) were read`,
          { archive },
        );
      }
      if (bytes > RATIO_GRACE_BYTES && bytes > engine.bytesWritten * limits.maxRatio) {
        throw new TarError(
          'ERR_TAR_RATIO',
          'the compression ratio exceeds `limits.maxRatio`, as in a decompression bomb',
          { archive },
        );
      }
      yield piece;
    }
    await fed;
  } catch (error) {
    throw asTarError(error, archive, signal);
  } finally {
    engine.destroy();
    reader.close();
  }
}

/** The bytes without decompression. */
export async function* rawPieces(reader: ByteReader): AsyncGenerator<Buffer, void, void> {
  for (let piece = await reader.some(Infinity); piece.length > 0; piece = await reader.some(Infinity)) {
    yield piece;
  }
}

/** Converts errors of sources, zlib and tar-stream to TarError. */
export function asTarError(error: unknown, archive: string, signal?: AbortSignal): unknown {
  if (signal?.aborted === true) {
    return signal.reason;
  }
  if (error instanceof TarError) {
    return error;
  }
  const { code, message } = error as { code?: string; message?: string };
  // Archive sources throw ZipError.
  if (error instanceof ZipError) {
    return new TarError('ERR_TAR_SOURCE', error.message, { archive, cause: error });
  }
  if (code === 'Z_BUF_ERROR' || message === 'Unexpected end of data') {
    return new TarError('ERR_TAR_TRUNCATED', 'it is truncated', { archive, cause: error });
  }
  if (code?.startsWith('Z_') === true) {
    return new TarError('ERR_TAR_BAD_DATA', `the compressed data is damaged: ${message ?? ''}`, {
      archive,
      cause: error,
    });
  }
  return new TarError('ERR_TAR_BAD_RECORD', `a header is damaged: ${message ?? String(error)}`, {
    archive,
    cause: error,
  });
}

export async function collectUpTo(
  pieces: AsyncIterable<Buffer>,
  maxBytes: number,
  archive: string,
  entry: string,
): Promise<Buffer> {
  const collected: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > maxBytes) {
      throw new TarError('ERR_TAR_ENTRY_TOO_LARGE', `more than \`limits.maxBufferBytes\` (${maxBytes}); use stream()`, {
        archive,
        entry,
      });
    }
    collected.push(piece);
  }
  return Buffer.concat(collected);
}
