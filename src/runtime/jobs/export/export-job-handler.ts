import type { SQSClient } from '@aws-sdk/client-sqs';
import { type FileworksError, PoisonMessage, RetryLater } from '../../errors.js';
import {
  ExportApiError,
  type ExportApiClient,
  type ExportJobRow,
  type ExportJobStore,
  type Pagination,
} from '../../exports/index.js';
import type { JobContext, JobHandler } from '../../queue/index.js';
import { EXPORT_CONTRACT_VERSION, type ExportFile } from '../../../contract/export-contract.js';
import { type PublishExportEvent, tell } from './export-events.js';
import type { ExportMetrics } from './export-metrics.js';
import { checkFile, readExportJobRequest, sendDownloadTasks } from './export-messages.js';

/** What another attempt cannot mend. */
const FINAL: ReadonlySet<string> = new Set([
  'ERR_EXPORT_NOT_FOUND',
  'ERR_EXPORT_GONE',
  'ERR_EXPORT_REFUSED',
  'ERR_EXPORT_URL',
  'ERR_EXPORT_PAGE',
  'ERR_POISON_MESSAGE',
  'ERR_EXPORT_TOO_MANY_FILES',
]);
/** Before the 12 hours of a message end, the job goes on as a new one. */
const HAND_OFF_BEFORE_MS = 10 * 60_000;

export interface ExportJobHandlerOptions {
  readonly api: ExportApiClient;
  readonly store: ExportJobStore;
  readonly sqs: SQSClient;
  /** Queue of the download tasks, or which one it is by the name of the queue that the job comes from. */
  readonly downloadQueueUrl: string | ((exportQueueName: string) => string);
  /** @default - nobody is told */
  readonly publish?: PublishExportEvent;
  /** Files of one job; more fail it. @default 1_000_000 */
  readonly maxFiles?: number;
  /**
   * Seconds for which a message has its slot, at least 0. Then its jobs go on as a new message, after the page that
   * they are at: otherwise a few long lists
   * could hold every slot for as long as they take, and have urgent jobs wait. @default 60
   */
  readonly turnSeconds?: number;
  /** @default - nothing is measured */
  readonly metrics?: ExportMetrics;
}

/**
 * The time for which a message keeps its slot; it ends early when the worker stops, or when the 12 hours of the message
 * do.
 */
interface Turn {
  isOver(): boolean;
}

/** A list of files, as the API has it. */
export interface FileList {
  readonly address: string;
  readonly pagination: Pagination;
}

/**
 * Reads the files of export jobs from the API and sends a download task for each. Extend it with where your API lists
 * them:
 *
 * ```ts
 * class Exports extends ExportJobHandler {
 *   protected override list(jobId: string) {
 *     return { address: `jobs/${encodeURIComponent(jobId)}/files`, pagination: cursorPages() };
 *   }
 *
 *   protected override fileOf(item: unknown) {
 *     return item as ExportFile;
 *   }
 * }
 * await runWorker(new Exports({ api, store, sqs, downloadQueueUrl }).handle, { circuits: [api] });
 * ```
 *
 * The place in the list is saved after each page, so that an attempt goes on where the one before ended; files that are
 * sent again have the number that they
 * had. When the worker stops or the turn of a message is over, its jobs go on as a new message. The last delivery of a
 * message is not tried but recorded: what
 * kills its worker has an end too.
 */
export abstract class ExportJobHandler {
  readonly #options: ExportJobHandlerOptions;

  constructor(options: ExportJobHandlerOptions) {
    this.#options = options;
  }

  /** Where the files of a job are listed. */
  protected abstract list(jobId: string): FileList;

  /**
   * The file that an item of the list tells of. MUST throw, or return what is no file, for an item that tells of none.
   */
  protected abstract fileOf(item: unknown): ExportFile;

  /** The handler to give to `runWorker`. */
  readonly handle: JobHandler = async (job, context) => {
    const { jobIds } = readExportJobRequest(job.body);
    const { downloadQueueUrl, metrics } = this.#options;
    const queueUrl = typeof downloadQueueUrl === 'string' ? downloadQueueUrl : downloadQueueUrl(job.queueName);
    const failures: unknown[] = [];
    const turn = this.#turn(context);
    const first = placeOf(context.state);
    for (const [at, jobId] of [...jobIds.entries()].slice(first)) {
      try {
        // Each turn gets on, by a job or a page: a failure would be tried again without being counted.
        const betweenJobs = at > first && failures.length === 0 && turn.isOver();
        if (betweenJobs || (await this.#export(jobId, queueUrl, context, turn)) === 'turn is over') {
          await context.handOff(failures.length === 0 ? at : first);
          return;
        }
      } catch (error) {
        context.signal.throwIfAborted();
        context.log.warn({ err: error, jobId }, 'export job is not dispatched');
        failures.push(error);
      }
    }
    // What another attempt may mend comes first: it must not be put aside because of its neighbour.
    const failure = failures.find((error) => !(error instanceof PoisonMessage)) ?? failures[0];
    if (failure === undefined || failure instanceof PoisonMessage) {
      metrics?.messageProcessed();
    }
    if (failure !== undefined) {
      throw failure as Error;
    }
  };

  /** How long a message may keep its slot. */
  #turn({ stopping, leaseEndsAt }: JobContext): Turn {
    const { turnSeconds = 60 } = this.#options;
    const endsAt = performance.now() + turnSeconds * 1_000;
    return {
      isOver: () =>
        stopping.aborted || performance.now() >= endsAt || leaseEndsAt.getTime() - Date.now() < HAND_OFF_BEFORE_MS,
    };
  }

  async #export(jobId: string, queueUrl: string, context: JobContext, turn: Turn): Promise<'turn is over' | undefined> {
    const { store, publish } = this.#options;
    let job = await store.begin(jobId, context.correlationId);
    try {
      if (job.status === 'dispatching') {
        if (context.isLastAttempt) {
          throw new PoisonMessage('every attempt failed', { cause: { code: 'ERR_EXPORT_ATTEMPTS' } });
        }
        if ((await this.#dispatch(job, queueUrl, context, turn)) === 'turn is over') {
          return 'turn is over';
        }
      }
      if (job.status !== 'failed') {
        job = await store.close(jobId);
      }
    } catch (error) {
      context.signal.throwIfAborted();
      const { code, cause } = error as FileworksError & { readonly cause?: { readonly code?: string } };
      if (!FINAL.has(code)) {
        throw later(error);
      }
      job = await store.fail(jobId, code === 'ERR_POISON_MESSAGE' ? (cause?.code ?? 'ERR_EXPORT_PAGE') : code);
    }
    await tell(store, publish, job);
    if (job.status === 'failed') {
      throw new PoisonMessage(`export job failed: ${job.reason}`);
    }
    return undefined;
  }

  async #dispatch(
    { jobId, cursor }: ExportJobRow,
    queueUrl: string,
    context: JobContext,
    turn: Turn,
  ): Promise<'turn is over' | undefined> {
    const { api, store } = this.#options;
    const { address, pagination } = this.list(jobId);
    let from = cursor;
    try {
      for await (const { items, next } of api.pages(address, {
        pagination,
        signal: context.signal,
        ...(from !== undefined && { from }),
      })) {
        await this.#send(jobId, items, queueUrl, context);
        if (next === undefined) {
          return undefined;
        }
        await store.moveCursor(jobId, from, next);
        from = next;
        if (turn.isOver()) {
          return 'turn is over';
        }
      }
    } catch (error) {
      if (from === undefined || (error as FileworksError).code !== 'ERR_EXPORT_GONE') {
        throw error;
      }
      // The place is too old: the next attempt reads the list again, and sends again what it finds.
      await store.moveCursor(jobId, from, undefined);
      throw new RetryLater({ seconds: 1, reason: 'the place in the list has expired', cause: error });
    }
    return undefined;
  }

  async #send(
    jobId: string,
    items: readonly unknown[],
    queueUrl: string,
    { correlationId }: JobContext,
  ): Promise<void> {
    const { store, sqs, metrics, maxFiles = 1_000_000 } = this.#options;
    const files = new Map(items.map((item) => checkFile(this.fileOf(item))).map((file) => [file.id, file]));
    const numbers = await store.register(jobId, [...files.keys()]);
    if (Math.max(-1, ...numbers.values()) >= maxFiles) {
      throw new PoisonMessage('more files than `maxFiles`', { cause: { code: 'ERR_EXPORT_TOO_MANY_FILES' } });
    }
    const tasks = [...files.values()].map(
      (file) => ({ version: EXPORT_CONTRACT_VERSION, jobId, number: numbers.get(file.id) ?? 0, file }) as const,
    );
    await sendDownloadTasks(sqs, queueUrl, tasks, correlationId);
    metrics?.tasksDispatched(tasks.length);
  }
}

/** Place of the first job that is not done with, which the message before this one left. */
function placeOf(state: unknown): number {
  return typeof state === 'number' && state > 0 ? state : 0;
}

/** The API may say itself when to come again. */
export function later(error: unknown): unknown {
  const seconds = error instanceof ExportApiError ? error.retryAfterSeconds : undefined;
  return seconds === undefined
    ? error
    : new RetryLater({ seconds: Math.min(43_200, Math.ceil(seconds)), cause: error });
}
