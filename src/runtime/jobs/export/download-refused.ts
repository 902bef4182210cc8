import { FileworksError } from '../../errors.js';

/** A file that does not meet the expectations of its task. */
export class DownloadRefused extends FileworksError {
  /**
   * - `ERR_DOWNLOAD_SIZE`: the archive has a different size than announced.
   * - `ERR_DOWNLOAD_ENTRIES_MISSING`: expected entries are missing.
   * - `ERR_DOWNLOAD_TOO_LARGE`: the selected entries from a server without ranges exceed the disk limit.
   */
  override readonly code: 'ERR_DOWNLOAD_SIZE' | 'ERR_DOWNLOAD_ENTRIES_MISSING' | 'ERR_DOWNLOAD_TOO_LARGE';

  constructor(code: DownloadRefused['code'], message: string) {
    super(message);
    this.code = code;
  }
}
