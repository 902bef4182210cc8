import { type FileworksError, PoisonMessage } from '../../errors.js';
import {
  type ArchiveEntry,
  ArchiveError,
  type ArchiveLimits,
  entriesMatching,
  httpSource,
  type MetadataLookup,
  openZip,
  type ZipArchive,
} from '../../archive/index.js';
import {
  ExportApiError,
  type ExportApiClient,
  type ExportJobStore,
  type FileOutcome,
  type Settled,
} from '../../exports/index.js';
import type { JobContext, JobHandler } from '../../queue/index.js';
import { type IdempotentUploader, type PutOptions, StorageError } from '../../storage/index.js';
import type { DownloadTask } from '../../../contract/export-contract.js';
import type { ExtractManifest } from '../extract-manifest.js';
import { extractTo } from '../extract-to.js';
import { DownloadRefused } from './download-refused.js';
import { type PublishExportEvent, publishJobEvent } from './export-events.js';
import type { ExportMetrics } from './export-metrics.js';
import { readDownloadTask } from './export-messages.js';
import { extractForward } from './extract-forward.js';
import { faultOf } from '../../support/faults.js';

const GIB = 1024 ** 3;

/** Errors of files that are retried. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'ERR_ZIP_SOURCE',
  'ERR_ZIP_SOURCE_CHANGED',
  'ERR_EXPORT_UNAVAILABLE',
  'ERR_EXPORT_CREDENTIALS',
  'ERR_EXPORT_CHANGED',
  'ERR_EXPORT_NOT_RESUMABLE',
  'ERR_STORAGE_FAILED',
  'ERR_STORAGE_CONFLICT',
]);

/** What servers say of an address that has expired, or was withdrawn. */
const REFUSED: ReadonlySet<string | undefined> = new Set([
  'ERR_EXPORT_REFUSED',
  'ERR_EXPORT_GONE',
  'ERR_EXPORT_NOT_FOUND',
]);

/** New addresses for one file: enough for links that expire after a few minutes, while a download takes hours. */
const MAX_RENEWALS = 100;

export interface DownloadTaskHandlerOptions<Metadata> {
  readonly api: ExportApiClient;
  readonly store: ExportJobStore;
  readonly uploader: IdempotentUploader;
  /** Where results go. */
  readonly bucket: string;
  /** Prefix of the keys of entries and manifests. @default - none */
  readonly prefix?: string;
  /** Lookup of entry metadata by name. @default - none, and every file is selected */
  readonly metadata?: MetadataLookup<Metadata>;
  /** @default - no events */
  readonly publish?: PublishExportEvent;
  /** @default - see DEFAULT_ARCHIVE_LIMITS */
  readonly limits?: ArchiveLimits;
  /** Handling of an existing object with different content. @default 'fail' */
  readonly ifDifferent?: PutOptions['ifDifferent'];
  /**
   * Maximum bytes on disk for selected entries of a file from a server without ranges; a Fargate task has four times
   * this space. @default 4 GiB
   */
  readonly maxDiskBytes?: number;
  /** @default - no metrics */
  readonly metrics?: ExportMetrics;
}

/**
 * Downloads the file of a task, and stores the selected entries. Extend it with your own selection:
 *
 * ```ts
 * class Downloads extends DownloadTaskHandler<MetadataItem> {
 *   protected override select(entry: ArchiveEntry, metadata: MetadataItem | undefined) {
 *     return metadata?.status === 'approved' || 'not approved';
 *   }
 * }
 * await runWorker(new Downloads({ api, store, uploader, bucket, metadata }).handle);
 * ```
 *
 * From a server with ranges, only the directory of the archive and selected entries are read. Otherwise the archive is
 * read once from start to end, and selected entries are kept on disk until the whole archive is verified. In both cases
 * memory use is independent of the archive size.
 *
 * A file with an error that is not retried is recorded as failed, with the error code, and its message is sent to the
 * dead-letter queue. The last delivery of a message is recorded as failed without an attempt, so that a file that kills
 * its worker also ends. When the message is redriven, the file is attempted again, and counted as done if it is stored.
 */
export class DownloadTaskHandler<Metadata = unknown> {
  readonly #options: DownloadTaskHandlerOptions<Metadata>;

  constructor(options: DownloadTaskHandlerOptions<Metadata>) {
    this.#options = options;
  }

  /* eslint-disable @typescript-eslint/no-unused-vars -- for subclasses */

  /**
   * True to store an entry, false or the reason to skip it. @default - with `metadata`, entries that have metadata;
   * without, every file
   */
  protected select(_entry: ArchiveEntry, metadata: Metadata | undefined, _task: DownloadTask): boolean | string {
    return this.#options.metadata === undefined || metadata !== undefined || 'no metadata';
  }

  /** Key of an entry after the prefix. MUST be different for different entries, and the same in every attempt. */
  protected keyOf({ name }: ArchiveEntry, { jobId, file }: DownloadTask): string {
    return `entries/${encodeURIComponent(jobId)}/${encodeURIComponent(file.id)}/${name}`;
  }

  /**
   * Names of entries that MUST be in the archive; if one is missing, the task fails before anything is stored. @default
   * - none
   */
  protected expected(_task: DownloadTask, _signal: AbortSignal): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  /** A new address for a file whose address the server refuses. @default - none, and the file fails */
  protected renewUrl(_task: DownloadTask, _signal: AbortSignal): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }

  /* eslint-enable @typescript-eslint/no-unused-vars */

  /** The handler for `runWorker`. */
  readonly handle: JobHandler = async (job, context) => {
    const task = readDownloadTask(job.body);
    const { store, publish } = this.#options;
    const earlier = await store.settle(task.jobId, task.number);
    // A file that has failed is here again: an operator has redriven its message
    const again = earlier.failed === true;
    const outcome = earlier.finished && !again ? undefined : await this.#outcome(task, context);
    const settled = await this.#settled(task, earlier, outcome);
    if (settled.job !== undefined) {
      await publishJobEvent(store, publish, settled.job);
    }
    if (outcome?.failure !== undefined) {
      throw new PoisonMessage(`file failed: ${outcome.failure}`);
    }
  };

  #settled({ jobId, number, file }: DownloadTask, earlier: Settled, outcome?: FileOutcome): Promise<Settled> {
    const { store } = this.#options;
    if (outcome === undefined || (earlier.failed === true && outcome.failure !== undefined)) {
      return Promise.resolve(earlier);
    }
    return earlier.failed === true
      ? store.recover(jobId, file.id, number, outcome.bytes)
      : store.finish(jobId, file.id, number, outcome);
  }

  async #outcome(task: DownloadTask, context: JobContext): Promise<FileOutcome> {
    if (context.isLastAttempt) {
      return { bytes: 0, failure: 'ERR_DOWNLOAD_ATTEMPTS' };
    }
    try {
      const { stored } = await this.#withUrl(task, context.signal);
      this.#options.metrics?.fileUploaded(true);
      return { bytes: stored.reduce((sum, { bytes }) => sum + bytes, 0) };
    } catch (error) {
      context.signal.throwIfAborted();
      const reason = reasonOf(error);
      if (reason instanceof StorageError) {
        this.#options.metrics?.fileUploaded(false);
      }
      if (!isFinal(reason)) {
        throw reason;
      }
      context.log.warn({ err: error, jobId: task.jobId, fileId: task.file.id }, 'file cannot be stored');
      return { bytes: 0, failure: reason.code };
    }
  }

  /** Asks for a new address when the server refuses one, as long as each was accepted at least once. */
  async #withUrl(task: DownloadTask, signal: AbortSignal): Promise<ExtractManifest> {
    const { api } = this.#options;
    for (let file = task.file, renewals = 0; ; renewals += 1) {
      let accepted = 0;
      const fetch: typeof api.fetch = async (...request) => {
        const response = await api.fetch(...request);
        accepted += 1;
        return response;
      };
      try {
        return await this.#extract({ ...task, file }, fetch, signal);
      } catch (error) {
        const isRefused = REFUSED.has((reasonOf(error) as Partial<ExportApiError>).code);
        const mayRenew = isRefused && renewals < MAX_RENEWALS && (renewals === 0 || accepted > 0);
        const url = mayRenew ? await this.renewUrl(task, signal) : undefined;
        if (url === undefined) {
          throw error;
        }
        file = { ...file, url };
      }
    }
  }

  async #extract(task: DownloadTask, fetch: ExportApiClient['fetch'], signal: AbortSignal): Promise<ExtractManifest> {
    const { api, limits, metrics } = this.#options;
    const { url, size, sha256 } = task.file;
    if (sha256 !== undefined) {
      // Only the whole file has this checksum
      return this.#forward(task, signal);
    }
    const begun = performance.now();
    let archive: ZipArchive;
    try {
      archive = await openZip(httpSource(api.resolve(url), { fetch }), {
        signal,
        ...(limits !== undefined && { limits }),
      });
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== 'ERR_ZIP_RANGES_UNSUPPORTED') {
        throw error;
      }
      return this.#forward(task, signal);
    }
    try {
      if (size !== undefined && archive.size !== size) {
        throw new DownloadRefused('ERR_DOWNLOAD_SIZE', `the archive has ${archive.size} bytes, ${size} were announced`);
      }
      await this.#checkExpected(task, new Set(archive.entries.map(({ name }) => name)), signal);
      const entriesFrom = performance.now();
      const manifest = await this.#ranged(task, archive, signal);
      const ended = performance.now();
      metrics?.fileDownloaded(ended - begun);
      metrics?.fileExtracted(ended - entriesFrom);
      return manifest;
    } finally {
      await archive.close();
    }
  }

  async #ranged(task: DownloadTask, archive: ZipArchive, signal: AbortSignal): Promise<ExtractManifest> {
    const { uploader, bucket, metadata, ifDifferent } = this.#options;
    const known = new Map<string, Metadata>();
    if (metadata !== undefined) {
      for await (const found of entriesMatching(archive, metadata, { signal })) {
        known.set(found.entry.name, found.metadata);
      }
    }
    return extractTo({
      archive,
      destination: {
        uploader,
        bucket,
        keyOf: (entry) => this.#keyOf(entry, task),
        ...(ifDifferent !== undefined && { ifDifferent }),
      },
      select: (entry) => this.select(entry, known.get(entry.name), task),
      manifest: { key: this.#manifestKey(task) },
      whenRefused: 'fail',
      signal,
    });
  }

  async #forward(task: DownloadTask, signal: AbortSignal): Promise<ExtractManifest> {
    const { api, uploader, bucket, metadata, metrics, limits, ifDifferent, maxDiskBytes = 4 * GIB } = this.#options;
    const begun = performance.now();
    const manifest = await extractForward({
      api,
      file: task.file,
      uploader,
      bucket,
      keyOf: (entry) => this.#keyOf(entry, task),
      manifestKey: this.#manifestKey(task),
      select: async (entry) => this.select(entry, (await metadata?.find([entry.name], signal))?.get(entry.name), task),
      check: (names) => this.#checkExpected(task, names, signal),
      onRead: () => metrics?.fileDownloaded(performance.now() - begun),
      maxDiskBytes,
      ifDifferent: ifDifferent ?? 'fail',
      ...(limits !== undefined && { limits }),
      signal,
    });
    metrics?.fileExtracted(performance.now() - begun);
    return manifest;
  }

  async #checkExpected(task: DownloadTask, names: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const missing = (await this.expected(task, signal)).filter((name) => !names.has(name));
    if (missing.length > 0) {
      throw new DownloadRefused(
        'ERR_DOWNLOAD_ENTRIES_MISSING',
        `${missing.length} expected entries are missing in the archive`,
      );
    }
  }

  #keyOf(entry: ArchiveEntry, task: DownloadTask): string {
    return `${this.#options.prefix ?? ''}${this.keyOf(entry, task)}`;
  }

  #manifestKey({ jobId, file }: DownloadTask): string {
    return `${this.#options.prefix ?? ''}manifests/${encodeURIComponent(jobId)}/${encodeURIComponent(file.id)}.json`;
  }
}

/** The error of the API, if an archive reader wrapped it. */
function reasonOf(error: unknown): unknown {
  return error instanceof ArchiveError && error.cause instanceof ExportApiError ? error.cause : error;
}

/** Whether the file itself is wrong. A refused address that cannot be renewed is, too. */
function isFinal(error: unknown): error is FileworksError & { readonly code: string } {
  const ours =
    error instanceof ArchiveError ||
    error instanceof ExportApiError ||
    error instanceof StorageError ||
    error instanceof DownloadRefused;
  return ours && !TRANSIENT.has(error.code) && faultOf(error).kind !== 'world';
}
