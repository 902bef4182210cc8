import { type ConfigurationError } from '../errors.js';
import { type Clock, systemClock } from '../support/clock.js';
import { type Environment } from '../support/environment.js';
import { type Logger, unfailing } from '../support/logger.js';
import { listenToProcess } from '../support/process-listeners.js';
import { readable } from '../support/thrown.js';
import { untilAnswered } from '../support/until-answered.js';
import { createLogger } from '../telemetry/index.js';
import { OutageReport } from './outage-report.js';
import { codeOf, FailedExitCode, type OutageSettings, readOutage } from './task-outage.js';

/** Exit codes of a task, based on `sysexits.h`. After a non-zero exit code the task is retried, if configured. */
export const ObjectTaskExitCode = {
  /** The handler returned. */
  done: 0,
  /** A dependency is unavailable: the task is started again later and uses up no retry. */
  unavailable: FailedExitCode.unavailable,
  /** The handler threw, or there was an uncaught exception. */
  failed: FailedExitCode.failed,
  /** The handler threw after a stop signal. */
  stopped: FailedExitCode.stopped,
  /** The environment is incomplete; the log contains the missing or invalid variables. */
  configuration: 78,
} as const;

export interface ObjectTaskContext {
  /** Aborts on a stop signal, for example after a Spot interruption; the container is killed after its stop timeout. */
  readonly signal: AbortSignal;
  /** Logs the correlation id and the file with every line. */
  readonly log: Logger;
}

export interface RunObjectTaskOptions {
  /** Environment of the task. @default process.env */
  readonly env?: Environment;
  /** @default createLogger() */
  readonly logger?: Logger;
  /** Ends the process. @default process.exit */
  readonly exit?: (code: number) => void;
  /** @default - the clock of the machine */
  readonly clock?: Clock;
}

export interface TaskProgram<T> {
  /** Throws a `ConfigurationError`. */
  readonly read: (env: Environment) => T;
  /** Fields of every log line. */
  readonly fieldsOf: (work: T) => Readonly<Record<string, unknown>>;
  readonly run: (work: T, context: ObjectTaskContext) => Promise<unknown>;
  /** Message of the log line of a failure. */
  readonly failure: string;
}

/** Runs a task with one piece of work, while a dependency is unavailable repeatedly, and exits. */
export async function runTaskProgram<T>(
  { read, fieldsOf, run, failure }: TaskProgram<T>,
  options: RunObjectTaskOptions,
): Promise<void> {
  const {
    exit = (code: number) => process.exit(code),
    logger = createLogger(),
    env = process.env,
    clock = systemClock,
  } = options;
  let work: T;
  let outage: OutageSettings;
  try {
    work = read(env);
    outage = readOutage(env);
  } catch (error) {
    (error as ConfigurationError).problems.forEach((problem) => logger.fatal({ problem }, 'task cannot start'));
    exit(ObjectTaskExitCode.configuration);
    return;
  }
  const log = logger.child(fieldsOf(work));
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => stop.abort(new DOMException(`received ${signal}`, 'AbortError'));
  const onException = (error: unknown) => {
    log.fatal({ err: error }, 'uncaught exception');
    exit(ObjectTaskExitCode.failed);
  };
  const stopListening = listenToProcess({ onSignal, onException });
  const report = new OutageReport(outage.name, outage.unavailableSeconds, clock);
  let code: number = ObjectTaskExitCode.done;
  try {
    await untilAnswered(async () => run(work, { signal: stop.signal, log }), {
      clock,
      signal: stop.signal,
      maxMs: outage.maxWaitSeconds * 1_000,
      onUnavailable: (dependency, error) => {
        report.unavailable(dependency);
        unfailing(log).warn({ dependency, err: readable(error) }, 'dependency is unavailable: trying again');
      },
    });
    report.answered();
  } catch (error) {
    unfailing(log).error({ err: readable(error) }, failure);
    code = codeOf(error, stop.signal);
    if (code === ObjectTaskExitCode.failed) {
      report.answered();
    }
  } finally {
    report.end();
    stopListening();
  }
  exit(code);
}
