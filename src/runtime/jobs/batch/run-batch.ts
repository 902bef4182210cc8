import { type BatchPointer, BatchEnv } from '../../../contract/batch.js';
import { type ConfigurationError, hasCode } from '../../errors.js';
import { systemClock } from '../../support/clock.js';
import { type Environment, EnvironmentReader } from '../../support/environment.js';
import { OptionChecks } from '../../support/option-checks.js';
import { listenToProcess } from '../../support/process-listeners.js';
import { createLogger } from '../../telemetry/index.js';
import { type BatchHandler, type BatchOptions, type BatchProgress, processBatch } from './process-batch.js';

/**
 * What the exit code of a batch says, after `sysexits.h` where that has a word for it. Every code but 0 has the batch
 * tried again, if it may be.
 */
export const BatchExitCode = {
  /** Every file is done, processed or failed; the result says which. */
  done: 0,
  /** The result could not be written or a file not be moved, or something was thrown that nobody caught. */
  failed: 70,
  /** The task was told to stop before the last file was done. The next one goes on from there. */
  stopped: 75,
  /** The environment names no batch, or an option is wrong; the log says which. */
  configuration: 78,
} as const;

/** How often the log says how far a batch is. */
const PROGRESS_INTERVAL_MS = 10_000;

export interface RunBatchOptions extends BatchOptions {
  /** Where the pointer is read from. @default process.env */
  readonly env?: Environment;
  /** Ends the process. @default process.exit */
  readonly exit?: (code: number) => void;
}

/**
 * Works on the batch of files that `ChunkedBatchWorkflow` started this container for: the whole main program of a
 * container.
 *
 * ```ts
 * await runBatch(async ({ bucket, key }, { signal, log }) => {
 *   const rows = await validate(bucket, key, { signal });
 *   return { rows };
 * }, { concurrency: 4 });
 * ```
 *
 * A file whose handler throws on every attempt has failed and holds up no other. What is done is written to S3 file by
 * file, so after SIGTERM, which aborts
 * the signal, and even after a kill, the next task goes on where this one ended. Exits with a code of `BatchExitCode`.
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
  try {
    await processBatch(
      readBatchPointer(options.env ?? process.env),
      handler,
      { ...options, logger, onProgress: tellProgress(logger, options) },
      stop.signal,
    );
  } catch (error) {
    code = stop.signal.aborted ? BatchExitCode.stopped : BatchExitCode.failed;
    if (hasCode<ConfigurationError>(error, 'ERR_CONFIGURATION')) {
      error.problems.forEach((problem) => logger.fatal({ problem }, 'batch cannot start'));
      code = BatchExitCode.configuration;
    } else {
      logger.error({ err: error }, stop.signal.aborted ? 'batch stopped; the next task goes on' : 'batch failed');
    }
  } finally {
    stopListening();
  }
  exit(code);
}

/**
 * Reads which batch `ChunkedBatchWorkflow` wrote into the environment, for programs that do not use `runBatch`.
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

function tellProgress(
  logger: NonNullable<BatchOptions['logger']>,
  { onProgress, clock = systemClock }: BatchOptions,
): (progress: BatchProgress) => void {
  let told = clock.now();
  return (progress) => {
    onProgress?.(progress);
    if (clock.now() - told < PROGRESS_INTERVAL_MS) {
      return;
    }
    told = clock.now();
    logger.info(progress, 'batch goes on');
  };
}
