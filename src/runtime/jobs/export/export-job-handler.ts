import type { SQSClient } from '@aws-sdk/client-sqs';
import { type FileworksError, PoisonMessage } from '../../errors.js';
import {
  type ExportApiClient,
  type ExportApiError,
  type ExportJobRow,
  type ExportJobStore,
  type Pagination,
} from '../../exports/index.js';
import type { JobContext, JobHandler } from '../../queue/index.js';
import { EXPORT_CONTRACT_VERSION, type ExportFile } from '../../../contract/export-contract.js';
import { type PublishExportEvent, publishJobEvent } from './export-events.js';
import type { ExportMetrics } from './export-metrics.js';
import { checkFile, readExportJobRequest, sendDownloadTasks } from './export-messages.js';
import { defined } from '../../support/defined.js';
import { faultOf } from '../../support/faults.js';

/** What APIs say of a position in a list that has expired. */
const EXPIRED_POSITION: ReadonlySet<number | undefined> = new Set([400, 404, 410, 422]);
/** Errors that are not retried. */
const PERMANENT: ReadonlySet<string> = new Set([
  'ERR_EXPORT_NOT_FOUND',
  'ERR_EXPORT_GONE',
  'ERR_EXPORT_REFUSED',
  'ERR_EXPORT_URL',
  'ERR_EXPORT_PAGE',
  'ERR_POISON_MESSAGE',
  'ERR_EXPORT_TOO_MANY_FILES',
]);
/** Time before the 12 hour limit of a message at which the job continues as a new message. */
const HAND_OFF_BEFORE_MS = 10 * 60_000;

export interface ExportJobHandlerOptions {
  readonly api: ExportApiClient;
  readonly store: ExportJobStore;
  readonly sqs: SQSClient;
  /** URL of the queue for download tasks, or a function that returns it for the name of the job's queue. */
  readonly downloadQueueUrl: string | ((exportQueueName: string) => string);
  /** @default - no events */
  readonly publish?: PublishExportEvent;
  /** Maximum files of one job; more fail the job. @default 1_000_000 */
  readonly maxFiles?: number;
  /**
   * Seconds for which a message holds its slot, at least 0. Then its jobs continue as a new message after the current
   * page; otherwise a few long lists could occupy all slots and delay urgent jobs. @default 60
   */
  readonly timeSliceSeconds?: number;
  /** @default - no metrics */
  readonly metrics?: ExportMetrics;
}

/**
 * The time for which a message holds its slot; it ends early if the worker stops or the 12 hour limit of the message is
 * near.
 */
interface TimeSlice {
  isOver(): boolean;
}

/** A list of files of the API. */
export interface FileList {
  readonly address: string;
  readonly pagination: Pagination;
  /**
   * Identifies an item of a page, even if its links differ between responses. @default - property `id`, otherwise the
   * whole item
   */
  readonly idOf?: (item: unknown) => string;
}

/**
 * Reads the file lists of export jobs from the API and sends a download task for each file. Extend it for your API:
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
 * await runWorker(new Exports({ api, store, sqs, downloadQueueUrl }).handle);
 * ```
 *
 * The position in the list is saved after each page, so that an attempt continues where the previous one ended; files
 * that are sent again keep their number. If the worker stops or the time slice of a message ends, its jobs continue as
 * a new message. The last delivery of a message is recorded as failed without an attempt, so that a job that kills its
 * worker also ends.
 */
export abstract class ExportJobHandler {
  readonly #options: ExportJobHandlerOptions;

  constructor(options: ExportJobHandlerOptions) {
    this.#options = options;
  }

  /** Location of the file list of a job. */
  protected abstract list(jobId: string): FileList;

  /** Converts an item of the list to a file. MUST throw, or return an invalid file, for an item that is not a file. */
  protected abstract fileOf(item: unknown): ExportFile;

  /** The handler for `runWorker`. */
  readonly handle: JobHandler = async (job, context) => {
    const { jobIds } = readExportJobRequest(job.body);
    const { downloadQueueUrl, metrics } = this.#options;
    const queueUrl = typeof downloadQueueUrl === 'string' ? downloadQueueUrl : downloadQueueUrl(job.queueName);
    const failures: unknown[] = [];
    const timeSlice = this.#timeSlice(context);
    const first = placeOf(context.state);
    for (const [at, jobId] of [...jobIds.entries()].slice(first)) {
      try {
        // Each time slice makes progress by a job or a page: otherwise a failure would be retried without being
        // counted.
        const betweenJobs = at > first && failures.length === 0 && timeSlice.isOver();
        if (betweenJobs || (await this.#export(jobId, queueUrl, context, timeSlice)) === 'time slice ended') {
          await context.handOff(failures.length === 0 ? at : first);
          return;
        }
      } catch (error) {
        context.signal.throwIfAborted();
        context.log.warn({ err: error, jobId }, 'export job not dispatched');
        failures.push(error);
      }
    }
    // Retryable failures take precedence: their jobs must not be rejected because of another job of the message.
    const failure = failures.find((error) => !(error instanceof PoisonMessage)) ?? failures[0];
    if (failure === undefined || failure instanceof PoisonMessage) {
      metrics?.messageProcessed();
    }
    if (failure !== undefined) {
      throw failure as Error;
    }
  };

  /** Starts the time slice of a message. */
  #timeSlice({ stopping, leaseEndsAt }: JobContext): TimeSlice {
    const { timeSliceSeconds = 60 } = this.#options;
    const endsAt = performance.now() + timeSliceSeconds * 1_000;
    return {
      isOver: () =>
        stopping.aborted || performance.now() >= endsAt || leaseEndsAt.getTime() - Date.now() < HAND_OFF_BEFORE_MS,
    };
  }

  async #export(
    jobId: string,
    queueUrl: string,
    context: JobContext,
    timeSlice: TimeSlice,
  ): Promise<'time slice ended' | undefined> {
    const { store, publish } = this.#options;
    let job = await store.begin(jobId, context.correlationId);
    try {
      if (job.status === 'dispatching') {
        if (context.isLastAttempt) {
          throw new PoisonMessage('every attempt failed', { cause: { code: 'ERR_EXPORT_ATTEMPTS' } });
        }
        if ((await this.#dispatch(job, queueUrl, context, timeSlice)) === 'time slice ended') {
          return 'time slice ended';
        }
      }
      if (job.status !== 'failed') {
        job = await store.close(jobId);
      }
    } catch (error) {
      context.signal.throwIfAborted();
      const { code, cause } = error as FileworksError & { readonly cause?: { readonly code?: string } };
      if (!PERMANENT.has(code) || faultOf(error).kind === 'world') {
        throw error;
      }
      job = await store.fail(jobId, code === 'ERR_POISON_MESSAGE' ? (cause?.code ?? 'ERR_EXPORT_PAGE') : code);
    }
    await publishJobEvent(store, publish, job);
    if (job.status === 'failed') {
      throw new PoisonMessage(`export job failed: ${job.reason}`);
    }
    return undefined;
  }

  async #dispatch(
    { jobId, cursor, trail }: ExportJobRow,
    queueUrl: string,
    context: JobContext,
    timeSlice: TimeSlice,
  ): Promise<'time slice ended' | undefined> {
    const { api, store } = this.#options;
    const { address, ...list } = this.list(jobId);
    let at = { from: cursor, trail };
    let isContinued = cursor !== undefined;
    for (;;) {
      try {
        for await (const page of api.pages(address, { ...list, ...defined(at), signal: context.signal })) {
          isContinued = false;
          await this.#send(jobId, page.items, queueUrl, context);
          if (page.next === undefined) {
            return undefined;
          }
          await store.moveCursor(jobId, at.from, page.next, page.trail);
          at = { from: page.next, trail: page.trail };
          if (timeSlice.isOver()) {
            return 'time slice ended';
          }
        }
        return undefined;
      } catch (error) {
        if (!isContinued || !EXPIRED_POSITION.has((error as Partial<ExportApiError>).status)) {
          throw error;
        }
        context.log.warn({ err: error, jobId }, 'the position in the list has expired; the list is read again');
        await store.moveCursor(jobId, at.from, undefined);
        at = { from: undefined, trail: undefined };
        isContinued = false;
      }
    }
  }

  async #send(
    jobId: string,
    items: readonly unknown[],
    queueUrl: string,
    { correlationId, log }: JobContext,
  ): Promise<void> {
    const { store, sqs, metrics, maxFiles = 1_000_000 } = this.#options;
    const files = new Map<string, ExportFile>();
    const ambiguous = new Set<string>();
    for (const file of items.map((item) => checkFile(this.fileOf(item)))) {
      const other = files.get(file.id);
      if (other !== undefined && JSON.stringify(other) !== JSON.stringify(file)) {
        ambiguous.add(file.id);
      }
      files.set(file.id, file);
    }
    if (ambiguous.size > 0) {
      log.warn({ jobId, fileIds: [...ambiguous] }, 'several files of a page have one id; only the last one is stored');
    }
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

/** Index of the first unfinished job, handed off by the previous message. */
function placeOf(state: unknown): number {
  return typeof state === 'number' && state > 0 ? state : 0;
}
