import { type BatchPointer, BatchEnv } from '../../../contract/batch.js';
import { type ConfigurationError, hasCode } from '../../errors.js';
import { systemClock } from '../../support/clock.js';
import { type Environment, EnvironmentReader } from '../../support/environment.js';
import { OptionChecks } from '../../support/option-checks.js';
import { listenToProcess } from '../../support/process-listeners.js';
import { createLogger } from '../../telemetry/index.js';
import { OutageReport } from '../outage-report.js';
import { codeOf, FailedExitCode, readOutage } from '../task-outage.js';
import type { BatchHandler, BatchProgress } from './batch-handler.js';
import { type BatchOptions, processBatch } from './process-batch.js';

/** Exit codes of a batch, based on `sysexits.h`. After a non-zero exit code the batch is retried, if configured. */
export const BatchExitCode = {
  /** Every file is processed or failed, according to the result. */
  done: 0,
  /** A dependency is unavailable: the batch is started again later and uses up no retry. */
  unavailable: FailedExitCode.unavailable,
  /** The result could not be written, or there was an uncaught exception. */
  failed: FailedExitCode.failed,
  /** A stop signal was received before the last file was done. The next task continues from there. */
  stopped: FailedExitCode.stopped,
  /** The environment contains no batch, or an option is invalid; the log contains the problem. */
  configuration: 78,
} as const;

/** Interval of progress log lines. */
const PROGRESS_INTERVAL_MS = 10_000;

export interface RunBatchOptions extends BatchOptions {
  /** Environment with the pointer. @default process.env */
  readonly env?: Environment;
  /** Ends the process. @default process.exit */
  readonly exit?: (code: number) => void;
}

/**
 * Processes the batch of files for which `ChunkedBatchWorkflow` started this container: the complete main program of a
 * container.
 *
 * ```ts
 * await runBatch(async ({ bucket, key }, { signal, log }) => {
 *   const rows = await validate(bucket, key, { signal });
 *   return { rows };
 * }, { concurrency: 4 });
 * ```
 *
 * A file whose handler throws on every attempt has failed and does not affect other files. While a dependency denies,
 * throttles or does not answer, the batch waits, for up to ten minutes; then its task is started again later. Results
 * are written to S3 file by file, so that after SIGTERM, which aborts the signal, and even after a kill, the next task
 * continues where this one ended. Exits with a code of `BatchExitCode`.
 */
export async function runBatch(handler: BatchHandler, options: RunBatchOptions = {}): Promise<void> {
  const exit = options.exit ?? ((code) => process.exit(code));
  const logger = options.logger ?? createLogger({ bindJob: false });
  const stop = new AbortController();
  const stopListening = listenToProcess({
    onSignal: (signal) => stop.abort(new DOMException(`received ${signal}`, 'AbortError')),
    onException: (error) => {
      logger.fatal({ err: error }, 'uncaught exception');
      exit(BatchExitCode.failed);
    },
  });
  let code: number = BatchExitCode.done;
  let report: OutageReport | undefined;
  try {
    const outage = readOutage(options.env ?? process.env);
    report = new OutageReport(outage.name, outage.unavailableSeconds, options.clock ?? systemClock);
    await processBatch(
      readBatchPointer(options.env ?? process.env),
      handler,
      { ...options, logger, onProgress: logProgress(logger, options) },
      {
        signal: stop.signal,
        maxWaitMs: outage.maxWaitSeconds * 1_000,
        isProbe: outage.unavailableSeconds > 0,
        onUnavailable: (dependency) => report?.unavailable(dependency),
        onAnswered: () => report?.answered(),
      },
    );
  } catch (error) {
    code = codeOf(error, stop.signal);
    if (hasCode<ConfigurationError>(error, 'ERR_CONFIGURATION')) {
      error.problems.forEach((problem) => logger.fatal({ problem }, 'batch cannot start'));
      code = BatchExitCode.configuration;
    } else {
      logger.error({ err: error }, stop.signal.aborted ? 'batch stopped; the next task continues' : 'batch failed');
    }
  } finally {
    report?.end();
    stopListening();
  }
  exit(code);
}

/**
 * Reads the environment variables set by `ChunkedBatchWorkflow`, for programs that do not use `runBatch`.
 *
 * @throws ConfigurationError with every problem, by variable
 */
export function readBatchPointer(env: Environment): BatchPointer {
  const checks = new OptionChecks();
  const variables = new EnvironmentReader(env, 'ChunkedBatchWorkflow sets it for the tasks that it starts', checks);
  const pointer = {
    bucket: variables.required(BatchEnv.bucket, 'the name of a bucket'),
    key: variables.required(BatchEnv.key, 'the key of a batch'),
  };
  checks.done();
  return pointer;
}

function logProgress(
  logger: NonNullable<BatchOptions['logger']>,
  { onProgress, clock = systemClock }: BatchOptions,
): (progress: BatchProgress) => void {
  let loggedAt = clock.now();
  return (progress) => {
    onProgress?.(progress);
    if (clock.now() - loggedAt < PROGRESS_INTERVAL_MS) {
      return;
    }
    loggedAt = clock.now();
    logger.info(progress, 'batch progress');
  };
}
