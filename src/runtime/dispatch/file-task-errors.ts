import { JobAborted } from '../errors.js';

/** Errors that end the turn of a container. */
export abstract class FileTaskError extends JobAborted {}

/** Another container has the file, or the turn is over. Nothing was changed. */
export class NotMyTurn extends FileTaskError {
  readonly code = 'ERR_NOT_MY_TURN';
}

/**
 * The turn ended while the container was running, for example because it sent no heartbeats. Its result is discarded.
 */
export class TurnLost extends FileTaskError {
  readonly code = 'ERR_TURN_LOST';
}
