import { ArchiveError, type ArchiveErrorDetails } from './archive-error.js';

/**
 * What can be wrong with an entry or its name in any kind of archive. The code of a ZIP is `ERR_ZIP_` and this, of a
 * tar `ERR_TAR_` and this.
 */
export type EntryProblem =
  | 'NAME_EMPTY'
  | 'NAME_ENCODING'
  | 'NAME_TOO_LONG'
  | 'NAME_TOO_DEEP'
  | 'NAME_CONTROL'
  | 'NAME_BACKSLASH'
  | 'NAME_ABSOLUTE'
  | 'NAME_ESCAPES'
  | 'NAME_RESERVED'
  | 'DUPLICATE_NAME'
  | 'FOLDED_DUPLICATE'
  | 'SYMLINK'
  | 'SPECIAL_FILE'
  | 'ENTRY_TOO_LARGE'
  | 'TOTAL_TOO_LARGE'
  | 'TOO_MANY_ENTRIES'
  | 'RATIO'
  | 'NESTING'
  | 'TRUNCATED'
  | 'BAD_RECORD'
  | 'BAD_DATA'
  | 'SIZE'
  | 'TRAILING_DATA';

/**
 * Codes of {@link ZipError}. Match on these, never on the message.
 *
 * docs/runtime/archives.md lists each with its cause and what to do.
 */
export type ZipErrorCode = `ERR_ZIP_${
  | EntryProblem
  | 'NOT_ZIP'
  | 'AMBIGUOUS_END'
  | 'PREFIXED_DATA'
  | 'MULTI_DISK'
  | 'OVERLAP'
  | 'MISMATCH'
  | 'DIRECTORY_TOO_LARGE'
  | 'CRC'
  | 'ENCRYPTED'
  | 'PASSWORD'
  | 'UNSUPPORTED_METHOD'
  | 'NOT_STREAMABLE'
  | 'NOT_VERIFIED'
  | 'SOURCE'
  | 'SOURCE_CHANGED'
  | 'RANGES_UNSUPPORTED'}`;

/** A ZIP archive, or one entry of it, that cannot be read, or that is not safe to read. */
export class ZipError extends ArchiveError {
  override readonly code: ZipErrorCode;

  constructor(code: ZipErrorCode, message: string, details: ArchiveErrorDetails = {}) {
    super(message, details);
    this.code = code;
  }
}
