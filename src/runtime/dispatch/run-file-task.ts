import { dynamoDbTurns } from './dynamodb/turns.js';
import { FileTaskError } from './file-task-errors.js';
import { FileTask } from './file-task.js';
import { type FileHandler, takeTurn, type TurnOutcome, type TurnSource } from './take-turn.js';
import { DispatchEnv, NOT_MY_TURN_EXIT_CODE } from '../../contract/dispatch-env.js';
import { ConfigurationError } from '../errors.js';
import type { Environment } from '../support/environment.js';
import { type Logger, silentLogger } from '../support/logger.js';

/** Without `store`, rows are in the DynamoDB table that the environment names. */
export interface RunFileTaskOptions extends Partial<TurnSource> {
  /** Default: `process.env`. */
  readonly env?: Environment;
  readonly logger?: Logger;
  /** Stops the handler; its attempt does not count. Default: SIGTERM, which ECS sends before it stops a task. */
  readonly stop?: AbortSignal;
  /** Names this container. Default: the ARN of its task, from the metadata endpoint of ECS. */
  readonly worker?: string;
}

const exitCodes: Readonly<Record<TurnOutcome, number>> = {
  done: 0,
  interrupted: 0,
  failed: 1,
  'not-my-turn': NOT_MY_TURN_EXIT_CODE,
};

/**
 * Takes the turn of the file that this container was launched for: begins, beats while the handler works, and tells the
 * outcome.
 *
 * A handler that throws `PoisonMessage` is not tried again, one that throws `RetryLater` after its time, any other by
 * the type's backoff.
 *
 * @returns the exit code that the container should have: 0 done, skipped or interrupted, 1 failed, 75 not its turn
 */
export async function runFileTask(handler: FileHandler, options: RunFileTaskOptions = {}): Promise<number> {
  const { env = process.env, logger = silentLogger, stop = signalOf('SIGTERM') } = options;
  const { store = dynamoDbTurns(env).store, tell } = options;
  const turn = await launchedTurn(env, options.worker);
  return exitCodes[await takeTurn(handler, { store, ...(tell && { tell }), ...turn, logger, stop })];
}

/**
 * Begins the turn of the file that this task was launched for, on behalf of a container that knows nothing of turns and
 * is to start next.
 *
 * @returns the exit code that the process should have: 0 begun, 75 not its turn
 * @throws what the store throws
 */
export async function beginFileTask(turns: TurnSource, env: Environment = process.env): Promise<number> {
  try {
    await FileTask.begin({ store: turns.store, ...(await launchedTurn(env)) });
    return 0;
  } catch (error) {
    if (error instanceof FileTaskError) {
      return NOT_MY_TURN_EXIT_CODE;
    }
    throw error;
  }
}

async function launchedTurn(
  env: Environment,
  worker?: string,
): Promise<{ readonly fileId: string; readonly epoch: number; readonly worker: string }> {
  return { ...read(env), worker: worker ?? (await taskArn(env)) };
}

function read(env: Environment): { fileId: string; epoch: number } {
  const fileId = env[DispatchEnv.fileId] ?? '';
  const epoch = Number(env[DispatchEnv.epoch]);
  const problems = [
    ...(fileId === ''
      ? [
          `Expected ${DispatchEnv.fileId} to be the id of a file, as TypedDispatcher sets it for the tasks that it launches`,
        ]
      : []),
    ...(Number.isInteger(epoch) && epoch >= 1
      ? []
      : [`Expected ${DispatchEnv.epoch} to be an integer >= 1, got: ${String(env[DispatchEnv.epoch])}`]),
  ];
  if (problems.length > 0) {
    throw new ConfigurationError(problems);
  }
  return { fileId, epoch };
}

/** @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html */
async function taskArn(env: Environment): Promise<string> {
  const base = env.ECS_CONTAINER_METADATA_URI_V4;
  if (base === undefined) {
    throw new ConfigurationError([
      'Expected ECS_CONTAINER_METADATA_URI_V4 to be set, as ECS does; elsewhere give the option `worker`',
    ]);
  }
  const response = await fetch(`${base}/task`);
  const { TaskARN: arn } = (await response.json()) as { TaskARN?: string };
  if (!response.ok || arn === undefined) {
    throw new ConfigurationError([`the metadata endpoint of ECS did not name the task: HTTP ${response.status}`]);
  }
  return arn;
}

function signalOf(name: NodeJS.Signals): AbortSignal {
  const controller = new AbortController();
  process.once(name, () => {
    controller.abort(new Error(`received ${name}`));
  });
  return controller.signal;
}
