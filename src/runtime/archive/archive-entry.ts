import type { Readable } from 'node:stream';
import type { EntryKind } from './entry-record.js';
import type { ArchiveError } from './archive-error.js';

export interface ReadOptions {
  /** Aborts the read; its reason is the error of the stream or promise. */
  readonly signal?: AbortSignal;
}

/** One entry of an archive of any type. */
export interface ArchiveEntry {
  /** The name with slashes, as used in a path or key. */
  readonly name: string;
  readonly kind: EntryKind;
  /** Bytes of the content. Undefined while unknown: a streamed entry can have its size after its data. */
  readonly size: number | undefined;
  /** CRC-32 of the content. Undefined while unknown, and in archives without checksums, such as tar. */
  readonly crc32: number | undefined;
  /** Modification time of the file, if the archive contains it. A ZIP has no time zone: its times are read as UTC. */
  readonly modified: Date | undefined;
  /** Why the entry is refused: reading it throws this error. Undefined for a readable entry. */
  readonly refusal: ArchiveError | undefined;

  /**
   * The whole content, with verified size and checksum. For small entries.
   *
   * @throws ArchiveError, also if it is larger than `limits.maxBufferBytes`
   */
  buffer(options?: ReadOptions): Promise<Buffer>;

  /**
   * The content as a stream. Size and checksum are verified before the stream ends: invalid content ends with an error
   * and never with `end`, so do not commit results before `end`.
   */
  stream(options?: ReadOptions): Readable;

  /**
   * The same for a loop that does not retain pieces: the memory of a piece is released or reused when the next one is
   * requested, and a retained piece is empty or has other content. The fastest way to read a large entry, for example
   * for `IdempotentUploader.put`.
   */
  pieces(options?: ReadOptions): AsyncIterable<Buffer>;
}
