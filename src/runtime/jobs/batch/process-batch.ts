import { S3Client } from '@aws-sdk/client-s3';
import type { BatchDocument, BatchFile, BatchFileResult, BatchPointer, BatchResult } from '../../../contract/batch.js';
import type { JobObject } from '../../../contract/job-message.js';
import { hasCode, type PoisonMessage, type RetryLater } from '../../errors.js';
import { type Backoff, exponentialBackoff } from '../../queue/index.js';
import { type Clock, sleep, systemClock } from '../../support/clock.js';
import { defined } from '../../support/defined.js';
import type { Logger } from '../../support/logger.js';
import { OptionChecks } from '../../support/option-checks.js';
import { messageOf, readable } from '../../support/thrown.js';
import { createLogger } from '../../telemetry/index.js';
import { readBatch } from './batch-document.js';
import { BatchJournal } from './batch-journal.js';
import { type OutcomeMarker, outcomeMarker } from './outcome-marker.js';

/** Size limit of a result in a manifest of many files. */
const MAX_OUTPUT_CHARACTERS = 2_000;
const MAX_REASON_CHARACTERS = 1_000;

export interface BatchContext {
  /**
   * Aborts on a stop signal, for example after a Spot interruption. Pass it to every asynchronous operation, and
   * rethrow the error.
   */
  readonly signal: AbortSignal;
  /** Logs the run, the batch and the file with every line. */
  readonly log: Logger;
  /** 1 for the first attempt at the file in this worker. */
  readonly attempt: number;
}

/**
 * Processes one file of a batch. Its return value, JSON of at most 2,000 characters, is included in the result of the
 * file.
 *
 * It is called again if it throws, except after `PoisonMessage`, and after the given time for `RetryLater`. A file that
 * failed on every attempt has failed, with the message of the last error as its reason, and does not affect other
 * files. It is also called again for a file whose worker was killed before the result was stored, so it MUST be
 * idempotent.
 */
export type BatchHandler = (file: JobObject, context: BatchContext) => unknown;

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

/** Files of a batch, including those finished by earlier workers. */
export interface BatchProgress {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
}

/**
 * Processes the remaining files of a batch, and stores results in S3 continuously.
 *
 * @throws the reason of `signal` if it aborted before the last file was done; errors of S3 if a result cannot be
 * written or a file cannot be moved
 */
export async function processBatch(
  pointer: BatchPointer,
  handler: BatchHandler,
  options: BatchOptions,
  signal: AbortSignal,
): Promise<BatchResult> {
  const {
    client = new S3Client({}),
    concurrency = 8,
    attempts = 3,
    logger = createLogger({ bindJob: false }),
    clock = systemClock,
  } = options;
  const checks = new OptionChecks();
  checks.number('concurrency', concurrency, { min: 1, max: 1_000, integer: true });
  checks.number('attempts', attempts, { min: 1, max: 100, integer: true });
  checks.done();
  const document = await readBatch(client, pointer, signal);
  const { runId, batchId, files } = document;
  const log = logger.child({ correlationId: runId, batch: batchId });
  const journal = await BatchJournal.open(client, pointer.bucket, document, { signal, clock, log });
  if (journal.complete) {
    return journal.result;
  }
  const work = new BatchWork(document, handler, journal, outcomeMarker(client, document), {
    ...options,
    attempts,
    log,
  });
  log.info({ files: files.length, done: journal.result.files.length }, 'batch begins');
  await eachOf(files, concurrency, signal, (file, stop) => work.do(file, stop));
  await journal.finish();
  log.info(work.progress, 'batch done');
  return journal.result;
}

interface BatchWorkOptions extends BatchOptions {
  readonly attempts: number;
  readonly log: Logger;
}

class BatchWork {
  readonly #document: BatchDocument;
  readonly #handler: BatchHandler;
  readonly #journal: BatchJournal;
  readonly #marker: OutcomeMarker;
  readonly #options: BatchWorkOptions;

  constructor(
    document: BatchDocument,
    handler: BatchHandler,
    journal: BatchJournal,
    marker: OutcomeMarker,
    options: BatchWorkOptions,
  ) {
    this.#document = document;
    this.#handler = handler;
    this.#journal = journal;
    this.#marker = marker;
    this.#options = options;
  }

  get progress(): BatchProgress {
    const { files } = this.#journal.result;
    return {
      total: this.#document.files.length,
      done: files.length,
      failed: files.filter(({ outcome }) => outcome === 'failed').length,
    };
  }

  /**
   * The result is stored before the file is marked: if a worker is killed between the two, the next one marks the file.
   */
  async do(file: BatchFile, signal: AbortSignal): Promise<void> {
    const known = this.#journal.of(file.key);
    const result = known ?? (await this.#result(file, signal));
    if (known === undefined) {
      await this.#journal.add(result);
    }
    await this.#marker.mark(file, result.outcome);
    this.#options.onProgress?.(this.progress);
  }

  async #result(file: BatchFile, signal: AbortSignal): Promise<BatchFileResult> {
    const { attempts, clock = systemClock, retry = exponentialBackoff() } = this.#options;
    const log = this.#options.log.child({ file: `${this.#document.bucket}/${file.key}` });
    const start = clock.now();
    const done = (outcome: BatchFileResult['outcome'], more: object = {}) => ({
      key: file.key,
      outcome,
      ...defined({ size: file.size }),
      milliseconds: Math.round(clock.now() - start),
      ...more,
    });
    if (await this.#marker.isMarked(file)) {
      return done('skipped');
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        const output = checkedOutput(
          await this.#handler({ bucket: this.#document.bucket, ...file }, { signal, log, attempt }),
        );
        return done('processed', output === undefined ? {} : { output });
      } catch (thrown) {
        signal.throwIfAborted();
        const error = readable(thrown);
        if (attempt >= attempts || hasCode<PoisonMessage>(error, 'ERR_POISON_MESSAGE')) {
          log.error({ err: error, attempt }, 'file failed');
          return done('failed', {
            reason: messageOf(error).slice(0, MAX_REASON_CHARACTERS),
          });
        }
        const seconds = hasCode<RetryLater>(error, 'ERR_RETRY_LATER') ? error.seconds : retry(attempt);
        log.warn({ err: error, attempt, seconds }, 'file will be retried');
        await sleep(clock, seconds * 1_000, signal);
        signal.throwIfAborted();
      }
    }
  }
}

function checkedOutput(output: unknown): unknown {
  const characters = (JSON.stringify(output) as string | undefined)?.length ?? 0;
  if (characters > MAX_OUTPUT_CHARACTERS) {
    throw new RangeError(
      `the handler returned ${characters} characters of JSON for the result of a file, more than the limit of ${MAX_OUTPUT_CHARACTERS}; write larger results to S3`,
    );
  }
  return output;
}

/** Processes items concurrently. The first error, or the signal, aborts the others; it throws after all have ended. */
async function eachOf<T>(
  items: readonly T[],
  concurrency: number,
  signal: AbortSignal,
  work: (item: T, stop: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const queue = items.values();
  await Promise.all(
    Array.from({ length: Math.min(concurrency, items.length) }, async () => {
      for (const item of queue) {
        if (stop.aborted) {
          return;
        }
        await work(item, stop).catch((error: unknown) => failed.abort(error));
      }
    }),
  );
  stop.throwIfAborted();
}
