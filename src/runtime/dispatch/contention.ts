import { FileworksError } from '../errors.js';

/** Attempts to commit a decision before the operation fails and is retried by its caller. */
export const MAX_COMMITS = 12;

/** Too many concurrent changes of the same rows; retry later. */
export class Contention extends FileworksError {
  readonly code = 'ERR_DISPATCH_CONTENTION';
}
