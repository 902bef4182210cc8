import { RecordError } from './records.js';
import { ZipError } from './zip-error.js';
import type { ArchiveErrorDetails } from './archive-error.js';

/**
 * Decodes a record; one that does not hold together is the error of a caller who knows where it stands. @throws
 * ZipError ERR_ZIP_BAD_RECORD
 */
export function decoded<T>(decode: () => T, where: ArchiveErrorDetails): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof RecordError) {
      throw new ZipError('ERR_ZIP_BAD_RECORD', error.message, where);
    }
    throw error;
  }
}
