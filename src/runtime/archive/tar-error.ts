import { ArchiveError, type ArchiveErrorDetails } from './archive-error.js';
import type { EntryProblem } from './zip-error.js';

/** Codes of {@link TarError}: those of a ZIP that can happen in a tar or gzip file too, and two of its own. */
export type TarErrorCode = `ERR_TAR_${EntryProblem | 'SOURCE' | 'MISSING_LIBRARY'}`;

/** A tar or gzip file, or one entry of it, that cannot be read, or that is not safe to read. */
export class TarError extends ArchiveError {
  override readonly code: TarErrorCode;

  constructor(code: TarErrorCode, message: string, details: ArchiveErrorDetails = {}) {
    super(message, details);
    this.code = code;
  }
}
