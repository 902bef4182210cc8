import type { BatchDocument, BatchFile, BatchFileResult } from '../../../contract/batch.js';
import type { Clock } from '../../support/clock.js';
import { defined } from '../../support/defined.js';
import { faultOf } from '../../support/faults.js';
import type { Logger } from '../../support/logger.js';
import type { Answered } from '../../support/until-answered.js';
import type { BatchHandler, BatchProgress } from './batch-handler.js';
import type { BatchJournal } from './batch-journal.js';
import type { FileAttempts } from './file-attempts.js';
import type { OutcomeMarker } from './outcome-marker.js';

/** Size limit of a result in a manifest of many files. */
const MAX_OUTPUT_CHARACTERS = 2_000;

export interface BatchParts {
  readonly document: BatchDocument;
  readonly handler: BatchHandler;
  readonly journal: BatchJournal;
  readonly marker: OutcomeMarker;
  readonly processing: FileAttempts;
  readonly marking: FileAttempts;
  readonly concurrency: number;
  /** Whether the first pass begins with a single file. */
  readonly isProbe: boolean;
  readonly onProgress: ((progress: BatchProgress) => void) | undefined;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The files of a batch that remain. */
export class BatchWork {
  readonly #parts: BatchParts;
  /** Files that a dependency refused are last, so that one of them cannot stop the others. */
  readonly #remaining: BatchFile[];
  #isProbe: boolean;

  constructor(parts: BatchParts) {
    this.#parts = parts;
    this.#isProbe = parts.isProbe;
    // A manifest can contain a key twice
    this.#remaining = [...new Map(parts.document.files.map((file) => [file.key, file])).values()];
  }

  get progress(): BatchProgress {
    const { document, journal } = this.#parts;
    const { files } = journal.result;
    return {
      total: new Set(document.files.map(({ key }) => key)).size,
      done: files.length,
      failed: files.filter(({ outcome }) => outcome === 'failed').length,
    };
  }

  /**
   * Processes all remaining files. After a dependency refused one, the next pass begins with a single file, the probe.
   *
   * @throws the error of the dependency that refuses files, after those in process have ended; any other error at once,
   * and the others are aborted
   */
  async pass(signal: AbortSignal, answered: Answered): Promise<void> {
    const { journal, concurrency } = this.#parts;
    await journal.flush();
    if (this.#isProbe) {
      await this.#concurrently(1, 1, signal, answered);
      this.#isProbe = false;
    }
    await this.#concurrently(concurrency, Infinity, signal, answered);
    await journal.finish();
  }

  async #concurrently(concurrency: number, most: number, signal: AbortSignal, answered: Answered): Promise<void> {
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    let refusal: { readonly error: unknown } | undefined;
    const files = this.#take(most, () => stop.aborted || refusal !== undefined);
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        for (const file of files) {
          try {
            await this.#do(file, stop);
            answered();
          } catch (error) {
            if (faultOf(error).kind === 'world') {
              this.#remaining.push(file);
              refusal ??= { error };
            } else {
              failed.abort(error);
            }
          }
        }
      }),
    );
    stop.throwIfAborted();
    if (refusal !== undefined) {
      this.#isProbe = true;
      throw refusal.error;
    }
  }

  *#take(most: number, isOver: () => boolean): Generator<BatchFile> {
    for (let taken = 0; taken < most && !isOver(); taken += 1) {
      const file = this.#remaining.shift();
      if (file === undefined) {
        return;
      }
      yield file;
    }
  }

  /**
   * The result is stored before the file is marked: if a worker is killed between the two, the next one marks the file.
   */
  async #do(file: BatchFile, signal: AbortSignal): Promise<void> {
    const { document, journal, marker, marking, onProgress } = this.#parts;
    const log = this.#parts.log.child({ file: `${document.bucket}/${file.key}` });
    let result = journal.of(file.key);
    if (result === undefined) {
      result = await this.#process(file, signal, log);
      await journal.add(result);
    }
    const { outcome, unmarked } = result;
    if (unmarked === undefined) {
      const marked = await marking.run(file.key, signal, log, () => marker.mark(file, outcome));
      if ('reason' in marked) {
        log.error({ outcome, reason: marked.reason }, 'file could not be moved or tagged');
        await journal.add({ ...result, unmarked: marked.reason });
      }
    }
    onProgress?.(this.progress);
  }

  async #process(file: BatchFile, signal: AbortSignal, log: Logger): Promise<BatchFileResult> {
    const { document, handler, marker, processing, clock } = this.#parts;
    const start = clock.now();
    const done = (outcome: BatchFileResult['outcome'], more: object = {}) => ({
      key: file.key,
      outcome,
      ...defined({ size: file.size }),
      milliseconds: Math.round(clock.now() - start),
      ...more,
    });
    const attempted = await processing.run(file.key, signal, log, async (attempt) => {
      if (await marker.isMarked(file)) {
        return done('skipped');
      }
      const output = checkedOutput(await handler({ bucket: document.bucket, ...file }, { signal, log, attempt }));
      return done('processed', defined({ output }));
    });
    return 'value' in attempted ? attempted.value : done('failed', { reason: attempted.reason });
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
