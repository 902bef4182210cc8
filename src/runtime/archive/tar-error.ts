import { ArchiveError, type ArchiveErrorDetails } from './archive-error.js';
import type { EntryProblem } from './zip-error.js';

/** Codes of {@link TarError}: those of a ZIP that apply to tar and gzip files too, and two additional ones. */
export type TarErrorCode = `ERR_TAR_${EntryProblem | 'SOURCE' | 'MISSING_LIBRARY'}`;

/** A tar or gzip file, or one of its entries, cannot be read, or not safely. */
export class TarError extends ArchiveError {
  override readonly code: TarErrorCode;

  constructor(code: TarErrorCode, message: string, details: ArchiveErrorDetails = {}) {
    super(message, details);
    this.code = code;
  }
}
