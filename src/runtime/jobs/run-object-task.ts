import { type ConfigurationError } from '../errors.js';
import { type Clock, systemClock } from '../support/clock.js';
import { defined } from '../support/defined.js';
import { type Environment, EnvironmentReader } from '../support/environment.js';
import { OptionChecks } from '../support/option-checks.js';
import { type Logger, unfailing } from '../support/logger.js';
import { faultOf } from '../support/faults.js';
import { listenToProcess } from '../support/process-listeners.js';
import { readable } from '../support/thrown.js';
import { untilAnswered } from '../support/until-answered.js';
import { createLogger } from '../telemetry/index.js';
import { type JobObject } from '../../contract/job-message.js';
import { ObjectTaskEnv } from '../../contract/object-task-env.js';

/** For this long a task waits for a dependency, since it costs as much as one that works. */
const MAX_WAIT_MS = 600_000;

/** Exit codes of a task, based on `sysexits.h`. After a non-zero exit code the task is retried, if configured. */
export const ObjectTaskExitCode = {
  /** The handler returned. */
  done: 0,
  /** A dependency has been unavailable for ten minutes. */
  unavailable: 69,
  /** The handler threw, or there was an uncaught exception. */
  failed: 70,
  /** The handler threw after a stop signal. */
  stopped: 75,
  /** The environment contains no object; the log contains the missing variables. */
  configuration: 78,
} as const;

/** An object and its correlation id. */
export interface ObjectTask {
  readonly object: JobObject;
  /** Id of the event of the object. */
  readonly correlationId: string;
}

export interface ObjectTaskContext {
  /** Aborts on a stop signal, for example after a Spot interruption; the container is killed after its stop timeout. */
  readonly signal: AbortSignal;
  /** Logs the correlation id and the file with every line. */
  readonly log: Logger;
}

export type ObjectTaskHandler = (task: ObjectTask, context: ObjectTaskContext) => Promise<unknown>;

export interface RunObjectTaskOptions {
  /** Environment with the object. @default process.env */
  readonly env?: Environment;
  /** @default createLogger() */
  readonly logger?: Logger;
  /** Ends the process. @default process.exit */
  readonly exit?: (code: number) => void;
  /** @default - the clock of the machine */
  readonly clock?: Clock;
}

/**
 * Processes the object for which `ObjectFargateTask` started this container: the complete main program of a container.
 *
 * ```ts
 * await runObjectTask(async ({ object }, { signal, log }) => {
 *   log.info({ size: object.size }, 'working');
 *   await convert(object.bucket, object.key, { signal });
 * });
 * ```
 *
 * If the handler returns, the object is done; if it throws, the task is retried. While a dependency denies, throttles
 * or does not answer, the handler runs again in the same task, for up to ten minutes. SIGTERM and SIGINT abort the
 * signal. Exits with a code of `ObjectTaskExitCode`.
 */
export async function runObjectTask(handler: ObjectTaskHandler, options: RunObjectTaskOptions = {}): Promise<void> {
  const exit = options.exit ?? ((code) => process.exit(code));
  const logger = options.logger ?? createLogger();
  let task: ObjectTask;
  try {
    task = readObjectTask(options.env ?? process.env);
  } catch (error) {
    (error as ConfigurationError).problems.forEach((problem) => logger.fatal({ problem }, 'task cannot start'));
    exit(ObjectTaskExitCode.configuration);
    return;
  }
  const { object, correlationId } = task;
  const log = logger.child({ correlationId, file: `${object.bucket}/${object.key}` });
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => stop.abort(new DOMException(`received ${signal}`, 'AbortError'));
  const onException = (error: unknown) => {
    log.fatal({ err: error }, 'uncaught exception');
    exit(ObjectTaskExitCode.failed);
  };
  const stopListening = listenToProcess({ onSignal, onException });
  let code: number = ObjectTaskExitCode.done;
  try {
    await untilAnswered(async () => handler(task, { signal: stop.signal, log }), {
      clock: options.clock ?? systemClock,
      signal: stop.signal,
      maxMs: MAX_WAIT_MS,
      onUnavailable: (dependency, error) =>
        unfailing(log).warn({ dependency, err: readable(error) }, 'dependency is unavailable: trying again'),
    });
  } catch (error) {
    unfailing(log).error({ err: readable(error) }, 'object task failed');
    code = codeOf(error, stop.signal);
  } finally {
    stopListening();
  }
  exit(code);
}

function codeOf(error: unknown, stopped: AbortSignal): number {
  if (stopped.aborted) {
    return ObjectTaskExitCode.stopped;
  }
  return faultOf(error).kind === 'world' ? ObjectTaskExitCode.unavailable : ObjectTaskExitCode.failed;
}

/**
 * Reads the environment variables set by `ObjectFargateTask`, for programs that do not use `runObjectTask`.
 *
 * @throws ConfigurationError with every problem, by variable
 */
export function readObjectTask(env: Environment): ObjectTask {
  const checks = new OptionChecks();
  const variables = new EnvironmentReader(env, 'ObjectFargateTask sets it for the tasks that it starts', checks);
  const size = variables.optional(ObjectTaskEnv.size);
  checks.that(
    size === undefined || /^\d+$/.test(size),
    `expected \`${ObjectTaskEnv.size}\` to be a number of bytes, got: ${String(size)}`,
  );
  const entries = {
    size: size === undefined ? undefined : Number(size),
    etag: variables.optional(ObjectTaskEnv.etag),
    versionId: variables.optional(ObjectTaskEnv.versionId),
    sequencer: variables.optional(ObjectTaskEnv.sequencer),
    reason: variables.optional(ObjectTaskEnv.reason),
  };
  const task = {
    object: {
      bucket: variables.required(ObjectTaskEnv.bucket, 'the name of a bucket'),
      key: variables.required(ObjectTaskEnv.key, 'the key of an object'),
      ...defined(entries),
    },
    correlationId: variables.required(ObjectTaskEnv.correlationId, 'the id of an event'),
  };
  checks.done();
  return task;
}
