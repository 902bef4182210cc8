import { FileworksError } from '../errors.js';
import { printable } from '../support/printable.js';

/** Location of an error in an archive. */
export interface ArchiveErrorDetails {
  /** Name of the archive, from its source; without credentials and query string. */
  readonly archive?: string;
  /** Name of the entry, escaped so that it is safe to log. */
  readonly entry?: string;
  /** Byte offset in the archive. */
  readonly offset?: number;
  readonly cause?: unknown;
}

/** Base class of errors of archive readers: {@link ZipError} and {@link TarError}. */
export abstract class ArchiveError extends FileworksError {
  readonly archive?: string;
  readonly entry?: string;
  readonly offset?: number;

  constructor(message: string, details: ArchiveErrorDetails) {
    const entry = details.entry === undefined ? undefined : printable(details.entry);
    const where = [
      ...(entry === undefined ? [] : [`entry "${entry}"`]),
      ...(details.offset === undefined ? [] : [`offset ${details.offset}`]),
      ...(details.archive === undefined ? [] : [`in ${printable(details.archive)}`]),
    ].join(', ');
    super(
      where === '' ? message : `${message} (${where})`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    if (details.archive !== undefined) {
      this.archive = details.archive;
    }
    if (entry !== undefined) {
      this.entry = entry;
    }
    if (details.offset !== undefined) {
      this.offset = details.offset;
    }
  }
}
