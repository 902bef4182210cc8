import { FileworksError } from '../../errors.js';

/** A file whose results cannot be what they should be. */
export class DownloadRefused extends FileworksError {
  /**
   * `ERR_DOWNLOAD_SIZE`: the archive has another size than announced. `ERR_DOWNLOAD_ENTRIES_MISSING`: expected entries
   * are not in it.
   * `ERR_DOWNLOAD_TOO_LARGE`: the wanted entries of a server without ranges do not fit on the disk.
   */
  override readonly code: 'ERR_DOWNLOAD_SIZE' | 'ERR_DOWNLOAD_ENTRIES_MISSING' | 'ERR_DOWNLOAD_TOO_LARGE';

  constructor(code: DownloadRefused['code'], message: string) {
    super(message);
    this.code = code;
  }
}
