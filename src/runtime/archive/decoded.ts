import { RecordError } from './records.js';
import { ZipError } from './zip-error.js';
import type { ArchiveErrorDetails } from './archive-error.js';

/** Decodes a record, and adds the location to the error of an invalid one. @throws ZipError ERR_ZIP_BAD_RECORD */
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
