import { JobEnv } from '../../contract/job-env.js';
import { type Environment, EnvironmentReader } from '../support/environment.js';
import { OptionChecks } from '../support/option-checks.js';
import { type ObjectTaskContext, runTaskProgram, type RunObjectTaskOptions } from './task-program.js';

/** A run of a `ScheduledFargateJob`. */
export interface ScheduledJobRun {
  /** Input of the run: from the schedule, `{ scheduledTime }`; otherwise what started the run has given. */
  readonly input: unknown;
  /** The scheduled time, the same for each retry of one run; undefined if the input has none. */
  readonly scheduledTime?: Date;
}

export type ScheduledJobHandler = (run: ScheduledJobRun, context: ObjectTaskContext) => Promise<unknown>;

/**
 * Runs the job for which `ScheduledFargateJob` started this container: the complete main program of a container.
 *
 * ```ts
 * await runScheduledJob(async ({ scheduledTime }, { signal, log }) => {
 *   log.info({ scheduledTime }, 'working');
 *   await report(scheduledTime, { signal });
 * });
 * ```
 *
 * If the handler returns, the run is done; if it throws, it fails. While a dependency denies, throttles or does not
 * answer, the handler runs again in the same task, for up to ten minutes; then, with supervision, the task is started
 * again later, without using up a retry. SIGTERM and SIGINT abort the signal. Exits with a code of
 * `ObjectTaskExitCode`.
 */
export async function runScheduledJob(handler: ScheduledJobHandler, options: RunObjectTaskOptions = {}): Promise<void> {
  const program = {
    read: readScheduledJob,
    fieldsOf: ({ scheduledTime }: ScheduledJobRun) => (scheduledTime === undefined ? {} : { scheduledTime }),
    run: handler,
    failure: 'job failed',
  };
  await runTaskProgram(program, options);
}

/** @throws ConfigurationError */
function readScheduledJob(env: Environment): ScheduledJobRun {
  const checks = new OptionChecks();
  const variables = new EnvironmentReader(env, 'ScheduledFargateJob sets it for the tasks that it starts', checks);
  const text = variables.required(JobEnv.input, 'the input of a run as JSON');
  const input = parsed(text);
  checks.that(text === '' || input !== undefined, `expected \`${JobEnv.input}\` to be JSON`);
  checks.done();
  const { scheduledTime } = (input ?? {}) as { readonly scheduledTime?: unknown };
  const time = typeof scheduledTime === 'string' ? new Date(scheduledTime) : undefined;
  return { input, ...(time !== undefined && !Number.isNaN(time.getTime()) && { scheduledTime: time }) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
