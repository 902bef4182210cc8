import { FileTask, type FileTaskOptions, MAX_REASON } from './file-task.js';
import { NotMyTurn, TurnLost } from './file-task-errors.js';
import { type FileObject } from './rows.js';
import { type DispatchStore } from './store.js';
import { hasCode, HandlerTimeout, LeaseLost, type PoisonMessage, type RetryLater } from '../errors.js';
import { type Logger } from '../support/logger.js';
import { whyNotStorable } from './storable-result.js';
import { faultOf } from '../support/faults.js';
import { messageOf, readable } from '../support/thrown.js';

export interface FileContext {
  readonly object: FileObject;
  readonly type: string;
  /** Fencing token: grows with every claim of the sequence; see `FileTask.fence`. */
  readonly fence: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly correlationId: string;
  /** Aborts when the turn is lost or the container must stop. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Marks the file as skipped, for example because the object was deleted. Return after it. */
  readonly skip: (reason: string) => void;
}

/** The return value of a handler is stored as the result of the file, if `FileTask.complete` allows it. */
export type FileHandler = (file: FileContext) => Promise<unknown>;

/** Access to the row of a file, and notification of the end of its turn. */
export interface TurnSource {
  /** Store of the dispatcher's rows. */
  readonly store: DispatchStore;
  /**
   * Called after the turn of a file has ended, to wake the dispatcher; best effort. Not needed for a store with a
   * change stream, such as DynamoDB.
   */
  readonly onTurnEnded?: (fileId: string) => Promise<void>;
}

export interface TurnOptions extends FileTaskOptions, TurnSource {
  readonly logger: Logger;
  /** Stops the handler. The attempt does not count, unless the handler timed out or lost its lease. */
  readonly stop: AbortSignal;
}

/** Outcome of a turn. `not-my-turn`: another worker has the file, or took it over. */
export type TurnOutcome = 'done' | 'failed' | 'interrupted' | 'not-my-turn';

const PARTS_OF_HANG_TIMEOUT = 4;

/**
 * Runs the turn of a file: begins it, sends heartbeats while the handler runs, and records the outcome. @throws errors
 * of the store
 */
export async function takeTurn(handler: FileHandler, options: TurnOptions): Promise<TurnOutcome> {
  const { fileId, epoch, logger, onTurnEnded } = options;
  try {
    const task = await FileTask.begin(options);
    const outcome = await work(
      task,
      handler,
      logger.child({ fileId, correlationId: task.correlationId, file: `${task.object.bucket}/${task.object.key}` }),
      options.stop,
    );
    // Without this call, the sweeper detects the end
    await onTurnEnded?.(fileId).catch((error: unknown) =>
      logger.warn({ fileId, err: error }, 'wake-up notification failed'),
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
  const heartbeats = setInterval(() => {
    task.heartbeat().catch((error: unknown) => {
      // Only a refusal ends the turn; an unavailable store may recover before the hang timeout
      if (error instanceof TurnLost) {
        lost.abort(error);
      } else {
        logger.warn({ err: error }, 'heartbeat failed');
      }
    });
  }, task.hangTimeoutMs / PARTS_OF_HANG_TIMEOUT);
  try {
    const record = await run(task, handler, logger, stop, signal);
    if (lost.signal.aborted) {
      throw lost.signal.reason;
    }
    return await record();
  } finally {
    clearInterval(heartbeats);
  }
}

/** Runs the handler. @returns what records its outcome, so that a failure to do so is not taken for one of the work */
async function run(
  task: FileTask,
  handler: FileHandler,
  logger: Logger,
  stop: AbortSignal,
  signal: AbortSignal,
): Promise<() => Promise<TurnOutcome>> {
  const { object, type, fence, attempt, correlationId } = task;
  let skipped: string | undefined;
  const skip = (reason: string) => {
    skipped = reason;
  };
  try {
    stop.throwIfAborted();
    const result = await handler({ object, type, fence, attempt, correlationId, signal, logger, skip });
    const problem = skipped === undefined ? whyNotStorable(result) : undefined;
    if (problem !== undefined) {
      logger.warn({ problem }, 'the result of the file cannot be stored; the file is completed without it');
    }
    return async () => {
      await (skipped === undefined ? task.complete(result) : task.skip(skipped));
      return 'done';
    };
  } catch (thrown) {
    const error = readable(thrown);
    logger.error({ err: error }, 'file handler failed');
    return async () => recordFailure(task, error, stop);
  }
}

async function recordFailure(task: FileTask, error: unknown, stop: AbortSignal): Promise<TurnOutcome> {
  if (stop.aborted && !isFault(stop.reason)) {
    await task.interrupt('the container was requested to stop');
    return 'interrupted';
  }
  const fault = stop.aborted ? undefined : faultOf(error);
  if (fault?.kind === 'world') {
    await task.interrupt(`${fault.dependency} is unavailable: ${messageOf(error)}`.slice(0, MAX_REASON));
    return 'interrupted';
  }
  await task.fail(
    stop.aborted ? stop.reason : error,
    hasCode<PoisonMessage>(error, 'ERR_POISON_MESSAGE')
      ? { final: true }
      : hasCode<RetryLater>(error, 'ERR_RETRY_LATER') && error.seconds >= 0
        ? { retryAfterMs: error.seconds * 1_000 }
        : {},
  );
  return 'failed';
}

/** Attempts that exceed the timeout or lose their lease count; otherwise such a file would be retried forever. */
const isFault = (reason: unknown) => reason instanceof HandlerTimeout || reason instanceof LeaseLost;
