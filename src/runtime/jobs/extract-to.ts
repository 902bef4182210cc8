import { PAGE_KEY_INFIX } from '../../contract/result-keys.js';
import { ArchiveError, ZipError, type ZipArchive, type ZipEntry } from '../archive/index.js';
import type { IdempotentUploader, ObjectSettings, PutOptions } from '../storage/index.js';
import { ExtractJournal } from './extract-journal.js';
import type { ExtractManifest, RefusedEntry, SkippedEntry, StoredEntry } from './extract-manifest.js';

/** Entries that are checked, read or stored concurrently hide the latency of S3; two suffice for two cores. */
const DEFAULT_CONCURRENCY = 16;

/** From this size on, the cost of a HeadObject request is negligible compared to the data. */
const CHECK_FIRST_BYTES = 1024 * 1024;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1_024;

export interface ExtractDestination {
  readonly uploader: IdempotentUploader;
  readonly bucket: string;
  /** Key prefix, followed by the name of the entry. @default - none */
  readonly prefix?: string;
  /**
   * Key of an entry; MUST be different for different entries, and the same in every attempt. @default - prefix and name
   */
  readonly keyOf?: (entry: ZipEntry) => string;
  /** Settings of each object. @default - defaults of S3 */
  readonly settings?: (entry: ZipEntry) => ObjectSettings;
  /** Handling of an existing object with different content. @default 'fail' */
  readonly ifDifferent?: PutOptions['ifDifferent'];
  /** Checksum for comparing contents. @default 'crc32' */
  readonly verify?: PutOptions['verify'];
}

export interface ExtractOptions {
  readonly archive: ZipArchive;
  readonly destination: ExtractDestination;
  /**
   * True to store the entry; false, or the reason as a string, to skip it. Directories are always skipped. @default -
   * every file
   */
  readonly select?: (entry: ZipEntry) => boolean | string;
  /**
   * Location of the manifest, by default in the bucket of the destination. Use one key per job: an attempt that finds
   * pages of an earlier one continues from there, and one that finds the manifest returns it. The key must not be in a
   * prefix whose objects start jobs.
   *
   * @default - none; a restart checks every entry with S3 instead
   */
  readonly manifest?: { readonly key: string; readonly bucket?: string };
  /** Entries processed concurrently; at least 1. @default 16 */
  readonly concurrency?: number;
  /**
   * `record` adds entries that cannot be read, or not safely, to the manifest and continues; `fail` throws the error of
   * the first one, before anything is stored if it is detected from the directory. Errors of the archive as a whole are
   * thrown in both cases.
   *
   * @default 'record'
   */
  readonly whenRefused?: 'record' | 'fail';
  /** Stops the job before its next commit, for example the signal of a lease. @default - none */
  readonly signal?: AbortSignal;
}

/**
 * Extracts an archive to S3: selects, reads, verifies and stores its entries, and returns the result of each.
 *
 * It can be stopped at any time and run again: stored entries are not uploaded again, and are known from the pages of
 * the manifest without further requests.
 *
 * @throws ArchiveError, StorageError
 * @throws the reason of `signal`
 */
export async function extractTo(options: ExtractOptions): Promise<ExtractManifest> {
  const { archive, destination, signal } = options;
  const { fingerprint } = archive;
  const journal =
    options.manifest &&
    new ExtractJournal(
      destination.uploader,
      options.manifest.bucket ?? destination.bucket,
      options.manifest.key,
      fingerprint,
    );
  const finished = await journal?.finished(signal);
  if (finished !== undefined) {
    return finished;
  }
  const earlier = await journal?.load(signal);
  const run = new Extraction(options, earlier?.stored ?? [], earlier?.refused ?? [], journal);
  await run.work();
  const manifest: ExtractManifest = {
    version: 1,
    archive: { label: archive.label, fingerprint, entries: archive.entries.length },
    destination: { bucket: destination.bucket, prefix: destination.prefix ?? '' },
    stored: run.stored,
    skipped: run.skipped,
    refused: run.refused,
  };
  await journal?.finish(manifest, signal);
  return manifest;
}

class Extraction {
  readonly stored: StoredEntry[];
  readonly skipped: SkippedEntry[] = [];
  readonly refused: RefusedEntry[];

  constructor(
    readonly options: ExtractOptions,
    stored: readonly StoredEntry[],
    refused: readonly RefusedEntry[],
    readonly journal: ExtractJournal | undefined,
  ) {
    this.stored = [...stored];
    this.refused = [...refused];
  }

  async work(): Promise<void> {
    const { archive, signal, concurrency = DEFAULT_CONCURRENCY } = this.options;
    const wanted = new Set(await this.#withoutStored(this.#wanted()));
    try {
      const forEach = {
        select: (entry: ZipEntry) => wanted.has(entry),
        concurrency,
        ...(signal !== undefined && { signal }),
      };
      await archive.forEach((entry, stop) => this.#store(entry, stop), forEach);
    } catch (error) {
      // After a success, the manifest is written instead of this last page.
      await this.journal?.flush().catch(() => undefined);
      throw error;
    }
  }

  /** The entries to store: not finished, selected and not refused. */
  #wanted(): ZipEntry[] {
    const done = new Set([...this.stored, ...this.refused].map(({ name }) => name));
    const wanted: ZipEntry[] = [];
    for (const entry of this.options.archive.entries) {
      const selected = entry.kind === 'directory' ? 'a directory' : (this.options.select?.(entry) ?? true);
      if (done.has(entry.name)) {
        continue;
      }
      if (selected !== true) {
        this.skipped.push({ name: entry.name, reason: selected === false ? 'not selected' : selected });
      } else {
        const refusal = entry.refusal ?? this.#problemOfKey(entry);
        if (refusal === undefined) {
          wanted.push(entry);
        } else {
          this.#refuse(entry, refusal);
        }
      }
    }
    return wanted;
  }

  /**
   * Names come from the creator of the archive: a name that is too long with its prefix must not fail the job, and no
   * entry may overwrite the job's own records.
   */
  #problemOfKey(entry: ZipEntry): ZipError | undefined {
    const { archive, destination, manifest } = this.options;
    const key = this.#keyOf(entry);
    const where = { archive: archive.label, entry: entry.name };
    const bytes = Buffer.byteLength(key);
    if (bytes > MAX_KEY_BYTES) {
      return new ZipError(
        'ERR_ZIP_NAME_TOO_LONG',
        `its key has ${bytes} bytes, the limit of S3 is ${MAX_KEY_BYTES}`,
        where,
      );
    }
    const besideManifest = manifest !== undefined && (manifest.bucket ?? destination.bucket) === destination.bucket;
    if (besideManifest && (key === manifest.key || key.startsWith(`${manifest.key}${PAGE_KEY_INFIX}`))) {
      return new ZipError('ERR_ZIP_NAME_RESERVED', 'its key is that of the manifest or of a page of it', where);
    }
    return undefined;
  }

  /** Without a manifest, detects stored entries by the checksums in the directory, before any content is read. */
  async #withoutStored(entries: readonly ZipEntry[]): Promise<ZipEntry[]> {
    const { destination, signal, concurrency = DEFAULT_CONCURRENCY } = this.options;
    if (this.journal !== undefined || destination.verify === 'sha256') {
      return [...entries];
    }
    const left: ZipEntry[] = [];
    const queue = [...entries].reverse();
    const find = async (): Promise<void> => {
      for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
        const { size, crc32 } = entry;
        const key = this.#keyOf(entry);
        const found =
          crc32 === undefined
            ? undefined
            : await destination.uploader.find({
                bucket: destination.bucket,
                key,
                size,
                crc32,
                ...(signal !== undefined && { signal }),
              });
        if (found === undefined) {
          left.push(entry);
        } else {
          this.#note(entry, found);
        }
      }
    };
    const workers = Array.from({ length: concurrency }, () =>
      find().catch((error: unknown) => {
        queue.length = 0; // the others stop after their current entry
        throw error;
      }),
    );
    await Promise.allSettled(workers);
    await Promise.all(workers);
    return left;
  }

  async #store(entry: ZipEntry, signal: AbortSignal): Promise<void> {
    const { destination } = this.options;
    const large = entry.size >= CHECK_FIRST_BYTES;
    try {
      const result = await destination.uploader.put({
        ...destination.settings?.(entry),
        bucket: destination.bucket,
        key: this.#keyOf(entry),
        body: large ? () => entry.pieces({ signal }) : await entry.buffer({ signal }),
        size: entry.size,
        // The manifest contains the stored entries except for one page: uploading small entries of that page again is
        // cheaper than checking all.
        lookFirst: large && this.journal !== undefined,
        signal,
        ...(entry.crc32 !== undefined && { crc32: entry.crc32 }),
        ...(destination.ifDifferent !== undefined && { ifDifferent: destination.ifDifferent }),
        ...(destination.verify !== undefined && { verify: destination.verify }),
      });
      const stored = [this.#note(entry, result)];
      await this.journal?.add({ stored });
      if (large) {
        await this.journal?.flush();
      }
    } catch (error) {
      if (!isOfEntry(error)) {
        throw error;
      }
      const refused = [this.#refuse(entry, error)];
      await this.journal?.add({ refused });
    }
  }

  #note(entry: ZipEntry, { key, outcome, etag, versionId, checksum, bytes }: Omit<StoredEntry, 'name'>): StoredEntry {
    const stored: StoredEntry = {
      name: entry.name,
      key,
      outcome,
      etag,
      ...(versionId !== undefined && { versionId }),
      checksum,
      bytes,
    };
    this.stored.push(stored);
    return stored;
  }

  #refuse(entry: ZipEntry, error: ArchiveError): RefusedEntry {
    if (this.options.whenRefused === 'fail') {
      throw error;
    }
    const refused: RefusedEntry = { name: entry.name, code: error.code, message: error.message };
    this.refused.push(refused);
    return refused;
  }

  #keyOf(entry: ZipEntry): string {
    const { keyOf, prefix = '' } = this.options.destination;
    return keyOf?.(entry) ?? `${prefix}${entry.name}`;
  }
}

/** Errors that are retryable, or not specific to one entry. */
const OF_ALL = new Set([
  'ERR_ZIP_SOURCE',
  'ERR_ZIP_SOURCE_CHANGED',
  'ERR_ZIP_RANGES_UNSUPPORTED',
  'ERR_ZIP_TRUNCATED',
  'ERR_ZIP_TOTAL_TOO_LARGE',
]);

function isOfEntry(error: unknown): error is ArchiveError {
  return error instanceof ArchiveError && !OF_ALL.has(error.code);
}
