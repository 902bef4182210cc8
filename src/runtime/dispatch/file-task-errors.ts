import { JobAborted } from '../errors.js';

/** What a container may hear instead of an answer. */
export abstract class FileTaskError extends JobAborted {}

/** This container was launched for nothing: another one has the file, or its turn is over. Nothing was changed. */
export class NotMyTurn extends FileTaskError {
  readonly code = 'ERR_NOT_MY_TURN';
}

/**
 * The turn ended while the container worked, for example because it was silent for too long. What it did does not
 * count.
 */
export class TurnLost extends FileTaskError {
  readonly code = 'ERR_TURN_LOST';
}
