import { ArchiveError, type ArchiveErrorDetails } from './archive-error.js';

/**
 * Problems of entries and names in all types of archives. The error code is `ERR_ZIP_` or `ERR_TAR_`, followed by the
 * problem.
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
 * docs/runtime/archives.md lists the cause and remedy of each.
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

/** A ZIP archive, or one of its entries, cannot be read, or not safely. */
export class ZipError extends ArchiveError {
  override readonly code: ZipErrorCode;

  constructor(code: ZipErrorCode, message: string, details: ArchiveErrorDetails = {}) {
    super(message, details);
    this.code = code;
  }
}
