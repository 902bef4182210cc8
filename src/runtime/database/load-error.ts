import { FileworksError } from '../errors.js';

/** Location of a problem in a file. */
export interface FilePlace {
  /** Counted from 1. */
  readonly line?: number;
  /** JSON pointer of the value; for CSV, the column name after a slash. */
  readonly pointer?: string;
}

const MAX_REASON_LENGTH = 500;

/**
 * Throw it from a `load` function when a retry cannot succeed: the file is rejected, and the reason is recorded in the
 * ledger and on the dead-letter message.
 */
export class FileRejected extends FileworksError {
  readonly code = 'ERR_FILE_REJECTED';
  readonly line?: number;
  readonly pointer?: string;
  /** The reason, without the location. */
  readonly reason: string;

  constructor(reason: string, place: FilePlace = {}, options?: ErrorOptions) {
    const text = printable(reason);
    super(
      [
        ...(place.line === undefined ? [] : [`line ${place.line}`]),
        ...(place.pointer === undefined ? [] : [printable(place.pointer)]),
        text,
      ].join(': '),
      options,
    );
    this.reason = text;
    if (place.line !== undefined) {
      this.line = place.line;
    }
    if (place.pointer !== undefined) {
      this.pointer = printable(place.pointer);
    }
  }
}

/**
 * Reasons quote files, which are untrusted: control characters are removed and the length is limited. PostgreSQL does
 * not store NUL, SQS does not accept noncharacters.
 */
function printable(text: string): string {
  const cut = text.length <= MAX_REASON_LENGTH ? text : `${text.slice(0, MAX_REASON_LENGTH)}…`;
  return cut.replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '\uFFFD');
}
