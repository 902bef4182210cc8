import { defined } from '../support/defined.js';
import { type Environment, EnvironmentReader } from '../support/environment.js';
import { OptionChecks } from '../support/option-checks.js';
import { type JobObject } from '../../contract/job-message.js';
import { ObjectTaskEnv } from '../../contract/object-task-env.js';
import { type ObjectTaskContext, runTaskProgram, type RunObjectTaskOptions } from './task-program.js';

/** An object and its correlation id. */
export interface ObjectTask {
  readonly object: JobObject;
  /** Id of the event of the object. */
  readonly correlationId: string;
}

export type ObjectTaskHandler = (task: ObjectTask, context: ObjectTaskContext) => Promise<unknown>;

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
 * or does not answer, the handler runs again in the same task, for up to ten minutes; then the task is started again
 * later, without using up a retry. SIGTERM and SIGINT abort the signal. Exits with a code of `ObjectTaskExitCode`.
 */
export async function runObjectTask(handler: ObjectTaskHandler, options: RunObjectTaskOptions = {}): Promise<void> {
  const program = {
    read: readObjectTask,
    fieldsOf: ({ object: { bucket, key }, correlationId }: ObjectTask) => ({ correlationId, file: `${bucket}/${key}` }),
    run: handler,
    failure: 'object task failed',
  };
  await runTaskProgram(program, options);
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
