import { dynamoDbTurns } from './dynamodb/turns.js';
import { containerLog } from './container-log.js';
import { FileTaskError } from './file-task-errors.js';
import { FileTask, type FileTaskOptions } from './file-task.js';
import { type FileHandler, takeTurn, type TurnOutcome, type TurnSource } from './take-turn.js';
import { DispatchEnv, NOT_MY_TURN_EXIT_CODE } from '../../contract/dispatch-env.js';
import { ConfigurationError } from '../errors.js';
import { type Environment, EnvironmentReader } from '../support/environment.js';
import { type Logger, silentLogger } from '../support/logger.js';
import { OptionChecks } from '../support/option-checks.js';

/** Without `store`, rows are in the DynamoDB table named in the environment. */
export interface RunFileTaskOptions extends Partial<TurnSource> {
  /** Default: `process.env`. */
  readonly env?: Environment;
  readonly logger?: Logger;
  /** Stops the handler; the attempt does not count. Default: SIGTERM, which ECS sends before it stops a task. */
  readonly stop?: AbortSignal;
  /** Identifies this container. Default: the ARN of its task, from the ECS metadata endpoint. */
  readonly worker?: string;
}

const exitCodes: Readonly<Record<TurnOutcome, number>> = {
  done: 0,
  interrupted: 0,
  failed: 1,
  'not-my-turn': NOT_MY_TURN_EXIT_CODE,
};

/**
 * Runs the turn of the file for which this container was launched: begins it, sends heartbeats while the handler runs,
 * and records the outcome.
 *
 * After `PoisonMessage` the file is not retried, after `RetryLater` it is retried after the given time, after any other
 * error with the backoff of its type.
 *
 * @returns the exit code for the container: 0 done, skipped or interrupted, 1 failed, 75 not its turn
 */
export async function runFileTask(handler: FileHandler, options: RunFileTaskOptions = {}): Promise<number> {
  const { env = process.env, logger = silentLogger, stop = signalOf('SIGTERM') } = options;
  const { store = dynamoDbTurns(env).store, onTurnEnded } = options;
  const turn = await launchedTurn(env, options.worker);
  return exitCodes[await takeTurn(handler, { store, ...(onTurnEnded && { onTurnEnded }), ...turn, logger, stop })];
}

/**
 * Begins the turn of the file for which this task was launched, on behalf of a container without the runtime that
 * starts next.
 *
 * @returns the exit code for the process: 0 begun, 75 not its turn
 * @throws what the store throws
 */
export async function beginFileTask(turns: TurnSource, env: Environment = process.env): Promise<number> {
  try {
    // The log of the gate says nothing about the container that starts next
    await FileTask.begin({ store: turns.store, ...read(env), worker: await taskArn(env) });
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
): Promise<Pick<FileTaskOptions, 'fileId' | 'epoch' | 'worker' | 'log'>> {
  const turn = read(env);
  const [arn, log] = await Promise.all([worker ?? taskArn(env), containerLog(env)]);
  return { ...turn, worker: arn, ...(log !== undefined && { log }) };
}

function read(env: Environment): { fileId: string; epoch: number } {
  const checks = new OptionChecks();
  const variables = new EnvironmentReader(env, 'TypedDispatcher sets it for the tasks that it launches', checks);
  const fileId = variables.required(DispatchEnv.fileId, 'the id of a file');
  variables.required(DispatchEnv.epoch, 'the number of the launch');
  const epoch = variables.integer(DispatchEnv.epoch, 1) ?? 0;
  checks.done();
  return { fileId, epoch };
}

/** @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html */
async function taskArn(env: Environment): Promise<string> {
  const base = env.ECS_CONTAINER_METADATA_URI_V4;
  if (base === undefined) {
    throw new ConfigurationError([
      'expected `ECS_CONTAINER_METADATA_URI_V4` to be set, as ECS does; elsewhere set the option `worker`',
    ]);
  }
  const response = await fetch(`${base}/task`);
  const { TaskARN: arn } = (await response.json()) as { TaskARN?: string };
  if (!response.ok || arn === undefined) {
    throw new ConfigurationError([
      `the ECS metadata endpoint did not return the ARN of the task: HTTP ${response.status}`,
    ]);
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
