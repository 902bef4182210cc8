import type { PutResult } from '../storage/index.js';

/** An entry that is stored in the destination. */
export interface StoredEntry extends Omit<PutResult, 'bucket'> {
  readonly name: string;
}

/** An entry that was not selected. */
export interface SkippedEntry {
  readonly name: string;
  readonly reason: string;
}

/** A selected entry that cannot be read, or not safely. */
export interface RefusedEntry {
  readonly name: string;
  /** Code of the error, such as `ERR_ZIP_CRC`. */
  readonly code: string;
  readonly message: string;
}

/** The results of all entries of an archive. */
export interface ExtractManifest {
  readonly version: 1;
  readonly archive: { readonly label: string; readonly fingerprint: string; readonly entries: number };
  readonly destination: { readonly bucket: string; readonly prefix: string };
  readonly stored: readonly StoredEntry[];
  readonly skipped: readonly SkippedEntry[];
  readonly refused: readonly RefusedEntry[];
}
