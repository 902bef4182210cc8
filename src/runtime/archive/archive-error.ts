import { FileworksError } from '../errors.js';
import { printable } from '../support/printable.js';

/** Where in which archive something is wrong. */
export interface ArchiveErrorDetails {
  /** The archive, as its source names it; never with credentials or a query string. */
  readonly archive?: string;
  /** Name of the entry, escaped so that it is safe to log. */
  readonly entry?: string;
  /** Byte offset in the archive. */
  readonly offset?: number;
  readonly cause?: unknown;
}

/** Base of what the archive readers throw: {@link ZipError} and {@link TarError}. */
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
