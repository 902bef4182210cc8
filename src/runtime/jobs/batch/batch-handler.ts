import type { JobObject } from '../../../contract/job-message.js';
import type { Logger } from '../../support/logger.js';

export interface BatchContext {
  /**
   * Aborts on a stop signal, for example after a Spot interruption. Pass it to every asynchronous operation, and
   * rethrow the error.
   */
  readonly signal: AbortSignal;
  /** Logs the run, the batch and the file with every line. */
  readonly log: Logger;
  /** 1 for the first attempt at the file in this worker. A run that a dependency refused is not counted. */
  readonly attempt: number;
}

/**
 * Processes one file of a batch. Its return value, JSON of at most 2,000 characters, is included in the result of the
 * file.
 *
 * It is called again if it throws, except after `PoisonMessage`, and after the given time for `RetryLater`. A file that
 * failed on every attempt has failed, with the message of the last error as its reason, and does not affect other
 * files. While a dependency denies, throttles or does not answer, the file waits, and uses up no attempt. It is also
 * called again for a file whose worker was killed before the result was stored, so it MUST be idempotent.
 */
export type BatchHandler = (file: JobObject, context: BatchContext) => unknown;

/** Files of a batch, including those finished by earlier workers. */
export interface BatchProgress {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
}
