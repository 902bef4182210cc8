import type { Readable } from 'node:stream';
import type { EntryKind } from './entry-record.js';
import type { ArchiveError } from './archive-error.js';

export interface ReadOptions {
  /** Stops the reading; its reason is what the stream or promise fails with. */
  readonly signal?: AbortSignal;
}

/** One entry of an archive of any kind, by whichever way it is read. */
export interface ArchiveEntry {
  /** The name with slashes, as it would be used in a path or key. */
  readonly name: string;
  readonly kind: EntryKind;
  /**
   * Bytes of the content. Undefined while it is not known: a streamed entry that tells its size only after its data.
   */
  readonly size: number | undefined;
  /** CRC-32 of the content. Undefined while it is not known, and always in archives that have none, such as tar. */
  readonly crc32: number | undefined;
  /** When the file was changed, if the archive says so. A ZIP has no time zone: its time is taken as UTC. */
  readonly modified: Date | undefined;
  /** Why this entry is not read: reading it throws this. Undefined for an entry that can be read. */
  readonly refusal: ArchiveError | undefined;

  /**
   * The whole content, with size and checksum verified. The way for small entries.
   *
   * @throws ArchiveError also when it is larger than `limits.maxBufferBytes`
   */
  buffer(options?: ReadOptions): Promise<Buffer>;

  /**
   * The content piece by piece. Size and checksum are verified before the stream ends: content that is wrong ends with
   * an error and never with `end`,
   * so do not commit what was made from it before `end`.
   */
  stream(options?: ReadOptions): Readable;

  /**
   * The same for a loop that is done with a piece when it asks for the next: its memory is taken back then, and a piece
   * that was kept is empty or holds other
   * bytes. The fastest way through a large entry, and what to give to `IdempotentUploader.put`.
   */
  pieces(options?: ReadOptions): AsyncIterable<Buffer>;
}
