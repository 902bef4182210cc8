import { FileworksError } from '../errors.js';

/** Where in a file a problem is. */
export interface FilePlace {
  /** Counted from 1. */
  readonly line?: number;
  /** JSON pointer of the value; of CSV, the name of the column behind a slash. */
  readonly pointer?: string;
}

const MAX_REASON_LENGTH = 500;

/**
 * Throw it from a `load` function when no retry can help: the file is rejected, its reason noted in the ledger and on
 * the dead-letter queue.
 */
export class FileRejected extends FileworksError {
  readonly code = 'ERR_FILE_REJECTED';
  readonly line?: number;
  readonly pointer?: string;
  /** What is wrong, without the place. */
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
 * Reasons quote files, which can be hostile: no control characters, no endless text. PostgreSQL keeps no NUL, SQS no
 * noncharacters.
 */
function printable(text: string): string {
  const cut = text.length <= MAX_REASON_LENGTH ? text : `${text.slice(0, MAX_REASON_LENGTH)}…`;
  return cut.replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '\uFFFD');
}
