import { S3Client } from '@aws-sdk/client-s3';
import type { BatchPointer, BatchResult } from '../../../contract/batch.js';
import { type Backoff, exponentialBackoff } from '../../queue/index.js';
import { type Clock, systemClock } from '../../support/clock.js';
import { type Logger, unfailing } from '../../support/logger.js';
import { OptionChecks } from '../../support/option-checks.js';
import { readable } from '../../support/thrown.js';
import { untilAnswered, type UntilAnsweredOptions } from '../../support/until-answered.js';
import { createLogger } from '../../telemetry/index.js';
import { readBatch } from './batch-document.js';
import type { BatchHandler, BatchProgress } from './batch-handler.js';
import { BatchJournal } from './batch-journal.js';
import { BatchWork } from './batch-work.js';
import { FileAttempts } from './file-attempts.js';
import { outcomeMarker } from './outcome-marker.js';

export interface BatchOptions {
  /** @default - a client with the SDK's defaults */
  readonly client?: S3Client;
  /** Files processed concurrently, from 1 to 1,000. @default 8 */
  readonly concurrency?: number;
  /** Attempts for a file, from 1 to 100. @default 3 */
  readonly attempts?: number;
  /** Seconds before the next attempt. @default - up to 2 after the first, doubling, with full jitter */
  readonly retry?: Backoff;
  /** Called with the progress after each file. */
  readonly onProgress?: (progress: BatchProgress) => void;
  /** @default createLogger() */
  readonly logger?: Logger;
  /** @default - the system clock */
  readonly clock?: Clock;
}

/** How the form of a worker processes a batch. */
export interface BatchRun {
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
  /** For how long the batch waits in this process for a dependency that refuses it, in milliseconds. */
  readonly maxWaitMs: number;
  /** Whether the last run ended because a dependency was unavailable, so that this one begins with one file. */
  readonly isProbe?: boolean;
  /** Called for each refusal. */
  readonly onUnavailable?: (dependency: string) => void;
  /** Called when a file is done after a refusal. */
  readonly onAnswered?: () => void;
}

/**
 * Processes the remaining files of a batch, and stores results in S3 continuously. While a dependency refuses a file,
 * it begins no others, and tries again with one.
 *
 * @throws the reason of `signal` if it aborted before the last file was done; the error of a dependency that refuses
 * files for longer than `maxWaitMs`; other errors of S3 if a result cannot be written
 */
export async function processBatch(
  pointer: BatchPointer,
  handler: BatchHandler,
  options: BatchOptions,
  { signal, maxWaitMs, isProbe = false, onUnavailable, onAnswered }: BatchRun,
): Promise<BatchResult> {
  const {
    client = new S3Client({}),
    concurrency = 8,
    attempts = 3,
    retry = exponentialBackoff(),
    logger = createLogger({ bindJob: false }),
    clock = systemClock,
    onProgress,
  } = options;
  const checks = new OptionChecks();
  checks.number('concurrency', concurrency, { min: 1, max: 1_000, integer: true });
  checks.number('attempts', attempts, { min: 1, max: 100, integer: true });
  checks.done();
  let isRefused = isProbe;
  const wait: UntilAnsweredOptions = {
    clock,
    signal,
    maxMs: maxWaitMs,
    onUnavailable: (dependency, error) => {
      isRefused = true;
      onUnavailable?.(dependency);
      unfailing(logger).warn({ dependency, err: readable(error) }, 'dependency is unavailable: the batch waits');
    },
  };
  const { document, journal } = await untilAnswered(async () => {
    const read = await readBatch(client, pointer, signal);
    return { document: read, journal: await BatchJournal.open(client, pointer.bucket, read) };
  }, wait);
  if (journal.complete) {
    return journal.result;
  }
  const { runId, batchId, files } = document;
  const log = logger.child({ correlationId: runId, batch: batchId });
  const attempting = { attempts, retry, clock };
  const work = new BatchWork({
    document,
    handler,
    journal,
    marker: outcomeMarker(client, document),
    processing: new FileAttempts({ ...attempting, total: files.length - journal.result.files.length }),
    marking: new FileAttempts({ ...attempting, total: files.length }),
    concurrency,
    isProbe,
    onProgress,
    log,
    clock,
  });
  log.info({ files: files.length, done: journal.result.files.length }, 'batch begins');
  await untilAnswered(
    (answered) =>
      work.pass(signal, () => {
        answered();
        if (isRefused) {
          isRefused = false;
          onAnswered?.();
        }
      }),
    wait,
  );
  log.info(work.progress, 'batch done');
  return journal.result;
}
