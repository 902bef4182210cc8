import { FileTask } from './file-task.js';
import { NotMyTurn, TurnLost } from './file-task-errors.js';
import { type FileObject } from './rows.js';
import { type DispatchStore } from './store.js';
import { DispatchEnv, NOT_MY_TURN_EXIT_CODE } from '../../contract/dispatch-env.js';
import { ConfigurationError, PoisonMessage, RetryLater } from '../errors.js';
import { type Logger, silentLogger } from '../support/logger.js';

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
  skip(reason: string): void;
}

/** What a handler returns is kept with the file as its result (JSON, small). */
export type FileHandler = (file: FileContext) => Promise<unknown>;

export interface RunFileTaskOptions {
  readonly store: DispatchStore;
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly logger?: Logger;
  /** Stops the handler; its attempt does not count. Default: SIGTERM, which ECS sends before it stops a task. */
  readonly stop?: AbortSignal;
  /** Names this container. Default: the ARN of its task, from the metadata endpoint of ECS. */
  readonly worker?: string;
}

const PARTS_OF_HANG_TIMEOUT = 4;

/**
 * Takes the turn of the file that this container was launched for: begins, beats while the handler works, and tells the outcome.
 *
 * A handler that throws `PoisonMessage` is not tried again, one that throws `RetryLater` after its time, any other by the type's backoff.
 *
 * @returns the exit code that the container should have: 0 done, skipped or interrupted, 1 failed, 75 not its turn
 */
export async function runFileTask(handler: FileHandler, options: RunFileTaskOptions): Promise<number> {
  const { store, env = process.env, logger = silentLogger, stop = signalOf('SIGTERM') } = options;
  const { fileId, epoch } = read(env);
  const worker = options.worker ?? await taskArn(env);
  try {
    const task = await FileTask.begin({ store, fileId, epoch, worker });
    return await takeTurn(task, handler, logger.child({ fileId, correlationId: task.correlationId, file: `${task.object.bucket}/${task.object.key}` }), stop);
  } catch (error) {
    if (!(error instanceof NotMyTurn || error instanceof TurnLost)) throw error;
    logger.warn({ fileId, epoch, err: error }, error.message);
    return NOT_MY_TURN_EXIT_CODE;
  }
}

async function takeTurn(task: FileTask, handler: FileHandler, logger: Logger, stop: AbortSignal): Promise<number> {
  const lost = new AbortController();
  const signal = AbortSignal.any([lost.signal, stop]);
  const beat = setInterval(() => {
    task.heartbeat().catch((error: unknown) => {
      // only a refusal ends the turn; a store that cannot be reached may come back before the hang timeout
      if (error instanceof TurnLost) lost.abort(error);
      else logger.warn({ err: error }, 'heartbeat failed');
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
    return 0;
  } catch (error) {
    if (error instanceof TurnLost) throw error;
    if (lost.signal.aborted) throw lost.signal.reason;
    logger.error({ err: error }, 'file handler failed');
    if (stop.aborted) {
      await task.interrupt('the container was told to stop');
      return 0;
    }
    await task.fail(error, error instanceof PoisonMessage ? { final: true } : error instanceof RetryLater ? { retryAfterMs: error.seconds * 1_000 } : {});
    return 1;
  } finally {
    clearInterval(beat);
  }
}

function read(env: Readonly<Record<string, string | undefined>>): { fileId: string; epoch: number } {
  const fileId = env[DispatchEnv.fileId] ?? '';
  const epoch = Number(env[DispatchEnv.epoch]);
  const problems = [
    ...(fileId === '' ? [`Expected ${DispatchEnv.fileId} to be the id of a file, as TypedDispatcher sets it for the tasks that it launches`] : []),
    ...(Number.isInteger(epoch) && epoch >= 1 ? [] : [`Expected ${DispatchEnv.epoch} to be an integer >= 1, got: ${String(env[DispatchEnv.epoch])}`]),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { fileId, epoch };
}

/** @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html */
async function taskArn(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const base = env.ECS_CONTAINER_METADATA_URI_V4;
  if (base === undefined) throw new ConfigurationError(['Expected ECS_CONTAINER_METADATA_URI_V4 to be set, as ECS does; elsewhere give the option `worker`']);
  const response = await fetch(`${base}/task`);
  const { TaskARN: arn } = await response.json() as { TaskARN?: string };
  if (!response.ok || arn === undefined) throw new ConfigurationError([`the metadata endpoint of ECS did not name the task: HTTP ${response.status}`]);
  return arn;
}

function signalOf(name: NodeJS.Signals): AbortSignal {
  const controller = new AbortController();
  process.once(name, () => {
    controller.abort(new Error(`received ${name}`));
  });
  return controller.signal;
}
