import { DEPENDENCY_WAIT_ENV, TaskRunEnv, UNAVAILABLE_EXIT_CODE } from '../../contract/task-run-env.js';
import { type Environment, EnvironmentReader } from '../support/environment.js';
import { faultOf } from '../support/faults.js';
import { OptionChecks } from '../support/option-checks.js';

/** For this long a task waits for a dependency, since it costs as much as one that works. */
const MAX_WAIT_SECONDS = 600;
/** A task that the state machine starts while a dependency is unavailable is billed for a minute at least. */
const PROBE_WAIT_SECONDS = 60;

/** What a task has to know to wait for a dependency. */
export interface OutageSettings {
  readonly name: string | undefined;
  readonly maxWaitSeconds: number;
  /** For how long earlier tasks have waited. */
  readonly unavailableSeconds: number;
}

/** @throws ConfigurationError with every problem, by variable */
export function readOutage(env: Environment): OutageSettings {
  const checks = new OptionChecks();
  const variables = new EnvironmentReader(env, 'the construct sets it', checks);
  const maxWaitSeconds = variables.integer(DEPENDENCY_WAIT_ENV, 0, MAX_WAIT_SECONDS) ?? MAX_WAIT_SECONDS;
  const unavailableSeconds = variables.integer(TaskRunEnv.unavailableSeconds, 0);
  checks.done();
  return {
    name: variables.optional(TaskRunEnv.name),
    maxWaitSeconds: unavailableSeconds === undefined ? maxWaitSeconds : Math.min(maxWaitSeconds, PROBE_WAIT_SECONDS),
    unavailableSeconds: unavailableSeconds ?? 0,
  };
}

/** Exit codes of a task that failed, based on `sysexits.h`. */
export const FailedExitCode = { unavailable: UNAVAILABLE_EXIT_CODE, failed: 70, stopped: 75 } as const;

export function codeOf(error: unknown, stopped: AbortSignal): number {
  if (stopped.aborted) {
    return FailedExitCode.stopped;
  }
  return faultOf(error).kind === 'world' ? FailedExitCode.unavailable : FailedExitCode.failed;
}
