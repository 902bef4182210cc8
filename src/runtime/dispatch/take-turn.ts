import { FileTask, type FileTaskOptions } from './file-task.js';
import { NotMyTurn, TurnLost } from './file-task-errors.js';
import { type FileObject } from './rows.js';
import { type DispatchStore } from './store.js';
import { HandlerTimeout, LeaseLost, PoisonMessage, RetryLater } from '../errors.js';
import { type Logger } from '../support/logger.js';

export interface FileContext {
  readonly object: FileObject;
  readonly type: string;
  /** Grows with every claim of the sequence; see `FileTask.fence`. */
  readonly fence: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly correlationId: string;
  /** Aborts when the turn is lost or the container must stop; stop then. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Ends the turn without work: the object is gone. Return after it. */
  readonly skip: (reason: string) => void;
}

/** What a handler returns is kept with the file as its result (JSON, small). */
export type FileHandler = (file: FileContext) => Promise<unknown>;

/** Where the row of a file is, and who is told of its changes. */
export interface TurnSource {
  /** Where the dispatcher keeps its rows. */
  readonly store: DispatchStore;
  /**
   * Told that the turn of a file has ended; a hint, which may be lost. Default: nobody, because the store tells itself.
   */
  readonly tell?: (fileId: string) => Promise<void>;
}

export interface TurnOptions extends FileTaskOptions, TurnSource {
  readonly logger: Logger;
  /** Stops the handler. The attempt does not count, unless the handler took too long or let its message go. */
  readonly stop: AbortSignal;
}

/** How a turn ended. `not-my-turn`: another worker has the file, or had it in the end. */
export type TurnOutcome = 'done' | 'failed' | 'interrupted' | 'not-my-turn';

const PARTS_OF_HANG_TIMEOUT = 4;

/**
 * Takes the turn of a file: begins, beats while the handler works, and tells the outcome. @throws what the store throws
 */
export async function takeTurn(handler: FileHandler, options: TurnOptions): Promise<TurnOutcome> {
  const { fileId, epoch, logger, tell } = options;
  try {
    const task = await FileTask.begin(options);
    const outcome = await work(
      task,
      handler,
      logger.child({ fileId, correlationId: task.correlationId, file: `${task.object.bucket}/${task.object.key}` }),
      options.stop,
    );
    // Without it, the sweeper finds out
    await tell?.(fileId).catch((error: unknown) =>
      logger.warn({ fileId, err: error }, 'nobody could be told that the turn ended'),
    );
    return outcome;
  } catch (error) {
    if (!(error instanceof NotMyTurn || error instanceof TurnLost)) {
      throw error;
    }
    logger.warn({ fileId, epoch, err: error }, error.message);
    return 'not-my-turn';
  }
}

async function work(task: FileTask, handler: FileHandler, logger: Logger, stop: AbortSignal): Promise<TurnOutcome> {
  const lost = new AbortController();
  const signal = AbortSignal.any([lost.signal, stop]);
  const beat = setInterval(() => {
    task.heartbeat().catch((error: unknown) => {
      // Only a refusal ends the turn; a store that cannot be reached may come back before the hang timeout
      if (error instanceof TurnLost) {
        lost.abort(error);
      } else {
        logger.warn({ err: error }, 'heartbeat failed');
      }
    });
  }, task.hangTimeoutMs / PARTS_OF_HANG_TIMEOUT);
  let skipped: string | undefined;
  const { object, type, fence, attempt, correlationId } = task;
  try {
    stop.throwIfAborted();
    const skip = (reason: string) => {
      skipped = reason;
    };
    const result = await handler({ object, type, fence, attempt, correlationId, signal, logger, skip });
    await (skipped === undefined ? task.complete(result) : task.skip(skipped));
    return 'done';
  } catch (error) {
    if (error instanceof TurnLost) {
      throw error;
    }
    if (lost.signal.aborted) {
      throw lost.signal.reason;
    }
    logger.error({ err: error }, 'file handler failed');
    if (stop.aborted && !isFault(stop.reason)) {
      await task.interrupt('the container was told to stop');
      return 'interrupted';
    }
    await task.fail(
      stop.aborted ? stop.reason : error,
      error instanceof PoisonMessage
        ? { final: true }
        : error instanceof RetryLater
          ? { retryAfterMs: error.seconds * 1_000 }
          : {},
    );
    return 'failed';
  } finally {
    clearInterval(beat);
  }
}

/** A file that makes its worker hang or lose its message would do so for ever, if that did not count. */
const isFault = (reason: unknown) => reason instanceof HandlerTimeout || reason instanceof LeaseLost;
