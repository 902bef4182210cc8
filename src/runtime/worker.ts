import { HealthServer } from './health/index.js';
import { ConfigurationError } from './errors.js';
import {
  DEFAULT_VISIBILITY_SECONDS,
  type DrainReport,
  type JobHandler,
  QueuePoller,
  type QueueOptions,
  type QueuePollerOptions,
} from './queue/index.js';
import { defined } from './support/defined.js';
import type { Environment } from './support/environment.js';
import { watchEventLoop } from './support/event-loop-watch.js';
import { type Logger } from './support/logger.js';
import { listenToProcess } from './support/process-listeners.js';
import { messageOf } from './support/thrown.js';
import { readWorkerEnvironment, type WorkerEnvironment } from './support/worker-environment.js';
import { WorkerEnv } from '../contract/worker-env.js';
import { createLogger, EmfMetrics } from './telemetry/index.js';
import { recordMetrics } from './jobs/worker-metrics.js';
import { optionsFromEnvironment } from './jobs/worker-options.js';

/** The exit codes of a worker, as in `sysexits.h` where that has one. */
export const WorkerExitCode = {
  /** Stopped on request; unfinished work was released. */
  stopped: 0,
  /** An uncaught exception. Unfinished work was released. */
  crashed: 70,
  /**
   * Stopped, but SQS did not confirm every delete and release, or did not answer every receive: some messages are
   * redelivered only after their visibility timeout.
   */
  unconfirmed: 75,
  /** The environment or the options are unusable; the log names each problem. */
  configuration: 78,
} as const;

export interface RunWorkerOptions<Body = unknown>
  extends
    Pick<QueueOptions<Body>, 'schema'>,
    Pick<
      QueuePollerOptions,
      'prefetch' | 'receive' | 'ack' | 'retry' | 'handlerTimeoutSeconds' | 'transport' | 'clock'
    > {
  /** Source of the configuration. @default process.env */
  readonly env?: Environment;
  /** @default createLogger() */
  readonly logger?: Logger;
  /** @default - CloudWatch metrics as log lines on standard output */
  readonly metrics?: EmfMetrics;
  /** Ends the process. @default process.exit */
  readonly exit?: (code: number) => void;
}

/**
 * Runs a worker on the queues that the environment names until a signal stops it: the whole main program of a
 * container.
 *
 * ```ts
 * await runWorker(async (job, { signal, log }) => {
 *   log.info({ size: job.object?.size }, 'working');
 *   await process(job.object, { signal });
 * });
 * ```
 *
 * SIGTERM and SIGINT start the drain, a second one skips to its end. Exits with a code of `WorkerExitCode`.
 */
export async function runWorker<Body = unknown>(
  handler: JobHandler<Body>,
  options: RunWorkerOptions<Body> = {},
): Promise<void> {
  const exit = options.exit ?? ((code) => process.exit(code));
  const env = options.env ?? process.env;
  const logger = options.logger ?? createLogger({ bindJob: false });
  let poller: QueuePoller;
  let health: HealthServer | undefined;
  let visibilitySeconds: number | undefined;
  try {
    const environment = readWorkerEnvironment(env);
    poller = new QueuePoller(pollerOptions(handler, options, environment, env, logger));
    visibilitySeconds = environment.visibilityTimeoutSeconds;
    health = await startHealth(environment, poller);
  } catch (error) {
    const problems = error instanceof ConfigurationError ? error.problems : [messageOf(error)];
    problems.forEach((problem) => logger.fatal({ problem }, 'worker cannot start'));
    exit(WorkerExitCode.configuration);
    return;
  }
  let code: number = WorkerExitCode.stopped;
  const stopListening = listen(poller, logger, () => {
    code = WorkerExitCode.crashed;
  });
  recordMetrics(poller, options.metrics ?? new EmfMetrics());
  const watch = watchEventLoop({ warnAfterMs: ((visibilitySeconds ?? DEFAULT_VISIBILITY_SECONDS) * 1_000) / 3 });
  await poller.start();
  const report = await poller.stopped;
  await Promise.all([health?.close(), watch.stop()]);
  stopListening();
  exit(code === WorkerExitCode.stopped ? codeOf(report) : code);
}

function pollerOptions<Body>(
  handler: JobHandler<Body>,
  options: RunWorkerOptions<Body>,
  environment: WorkerEnvironment,
  env: Environment,
  logger: Logger,
): QueuePollerOptions {
  const { schema, prefetch, receive, ack, retry, handlerTimeoutSeconds, transport, clock } = options;
  const { queues, ...fromEnvironment } = optionsFromEnvironment(environment, env, logger);
  return {
    ...defined({ prefetch, receive, ack, retry, handlerTimeoutSeconds, transport, clock }),
    ...fromEnvironment,
    queues: queues.map((queue) => ({ ...queue, handler, ...defined({ schema }) })),
  };
}

async function startHealth({ healthPort }: WorkerEnvironment, poller: QueuePoller): Promise<HealthServer | undefined> {
  try {
    return healthPort === undefined
      ? undefined
      : await HealthServer.listen({ port: healthPort, state: () => poller.health() });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigurationError([
      `cannot listen on port ${healthPort} of \`${WorkerEnv.healthPort}\`: ${code}; choose one that nothing else in the container uses`,
    ]);
  }
}

/** Turns signals and uncaught exceptions into a drain. Returns a function that stops listening. */
function listen(poller: QueuePoller, logger: Logger, onCrash: () => void): () => void {
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    signals += 1;
    void poller.stop(signals === 1 ? { reason: signal } : { reason: signal, deadlineSeconds: 0 });
  };
  const onException = (error: unknown) => {
    logger.fatal({ err: error }, 'uncaught exception: the worker releases its messages and exits');
    onCrash();
    void poller.stop({ reason: 'uncaught exception', deadlineSeconds: 0 });
  };
  return listenToProcess({ onSignal, onException });
}

function codeOf({ unconfirmed, unansweredReceives }: DrainReport): number {
  return unconfirmed + unansweredReceives > 0 ? WorkerExitCode.unconfirmed : WorkerExitCode.stopped;
}
