import { GetObjectCommand, DeleteObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { PAGE_KEY_INFIX } from '../../contract/result-keys.js';
import { messageOf } from '../support/thrown.js';
import { untilWritten } from '../support/until-written.js';
import { StorageError, type IdempotentUploader } from '../storage/index.js';
import type { ExtractManifest, RefusedEntry, StoredEntry } from './extract-manifest.js';

/** Results per page: the number that a restart may have to determine again. */
const PAGE_RESULTS = 500;
const PAGE_INTERVAL_MS = 5_000;

const MANIFEST_VERSION: ExtractManifest['version'] = 1;

/** Time limit for the last page after the job was stopped. */
const LAST_PAGE_TIMEOUT_MS = 10_000;
/** Entries of a finished archive are not read again because its manifest could not be written for a moment. */
const MANIFEST_WAIT_MS = 60_000;

interface Page {
  readonly fingerprint: string;
  readonly stored: readonly StoredEntry[];
  readonly refused: readonly RefusedEntry[];
}

/**
 * Records progress in S3, so that a restart reads pages of 500 results instead of checking every object.
 *
 * Pages `<key>.part/0`, `1`, … are written while the job runs; the manifest at `<key>` replaces them when it is
 * finished. A page is written only after all its entries are stored. Pages of another archive are ignored and
 * overwritten.
 */
export class ExtractJournal {
  readonly #uploader: IdempotentUploader;
  readonly #bucket: string;
  readonly #key: string;
  readonly #fingerprint: string;
  #pages = 0;
  /**
   * Whether the manifest, or a further page, was absent at the start. Saves small jobs two requests for missing
   * objects.
   */
  #noManifest = false;
  #noFurtherPage = false;
  #stored: StoredEntry[] = [];
  #refused: RefusedEntry[] = [];
  #writtenAt = Date.now();
  #writing: Promise<void> = Promise.resolve();

  constructor(uploader: IdempotentUploader, bucket: string, key: string, fingerprint: string) {
    this.#uploader = uploader;
    this.#bucket = bucket;
    this.#key = key;
    this.#fingerprint = fingerprint;
  }

  /**
   * The manifest of this archive, if the job is already finished. Removes pages that a killed job left.
   *
   * @throws StorageError `ERR_STORAGE_FORMAT` for a manifest of a newer version
   */
  async finished(signal?: AbortSignal): Promise<ExtractManifest | undefined> {
    const manifest = await this.#read<Partial<ExtractManifest>>(this.#key, signal);
    this.#noManifest = manifest === undefined;
    const version: unknown = manifest?.version;
    if (typeof version === 'number' && version > MANIFEST_VERSION) {
      throw new StorageError(
        'ERR_STORAGE_FORMAT',
        `the manifest has version ${version}, and this release reads version ${MANIFEST_VERSION}; deploy a newer release`,
        { bucket: this.#bucket, key: this.#key },
      );
    }
    if (manifest?.archive?.fingerprint !== this.#fingerprint) {
      return undefined;
    }
    await this.#removePages(signal);
    return manifest as ExtractManifest;
  }

  /** Results of earlier attempts. Call it once, before adding results. */
  async load(signal?: AbortSignal): Promise<Pick<Page, 'stored' | 'refused'>> {
    const stored: StoredEntry[] = [];
    const refused: RefusedEntry[] = [];
    for (; ; this.#pages++) {
      const page = await this.#read<Page>(this.#pageKey(this.#pages), signal);
      this.#noFurtherPage = page === undefined;
      if (page?.fingerprint !== this.#fingerprint) {
        return { stored, refused };
      }
      stored.push(...page.stored);
      refused.push(...page.refused);
    }
  }

  /** Adds results; writes a page if there are enough of them, or after an interval. */
  async add(results: Partial<Pick<Page, 'stored' | 'refused'>>): Promise<void> {
    this.#stored.push(...(results.stored ?? []));
    this.#refused.push(...(results.refused ?? []));
    if (this.#stored.length + this.#refused.length >= PAGE_RESULTS || Date.now() - this.#writtenAt > PAGE_INTERVAL_MS) {
      await this.flush();
    }
  }

  /** Writes the results since the last page. */
  async flush(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    await this.#writing;
  }

  /** Replaces the pages with the manifest. */
  async finish(manifest: ExtractManifest, signal?: AbortSignal): Promise<void> {
    await this.#writing;
    const body = Buffer.from(JSON.stringify(manifest));
    const write = () =>
      this.#uploader.put({
        bucket: this.#bucket,
        key: this.#key,
        body,
        contentType: 'application/json',
        ifDifferent: 'replace',
        lookFirst: !this.#noManifest,
        ...(signal !== undefined && { signal }),
      });
    // A longer outage is a matter of the queue or task, where the job waits without a slot.
    await untilWritten(write, { signal, maxMs: MANIFEST_WAIT_MS });
    if (this.#pages > 0 || !this.#noFurtherPage) {
      await this.#removePages(signal);
    }
  }

  /**
   * Removes the pages of this run and those after them: an earlier archive may have had more. The last page is removed
   * first, so that the first page exists as long as any other.
   */
  async #removePages(signal?: AbortSignal): Promise<void> {
    let pages = this.#pages;
    while ((await this.#read(this.#pageKey(pages), signal)) !== undefined) {
      pages += 1;
    }
    while (pages > 0) {
      pages -= 1;
      const key = this.#pageKey(pages);
      await this.#uploader.client
        .send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }), signal && { abortSignal: signal })
        .catch((error: unknown) => this.#fail('a page of the manifest cannot be deleted', key, error, signal));
    }
  }

  async #write(): Promise<void> {
    const page: Page = { fingerprint: this.#fingerprint, stored: this.#stored, refused: this.#refused };
    if (page.stored.length + page.refused.length === 0) {
      return;
    }
    this.#stored = [];
    this.#refused = [];
    this.#writtenAt = Date.now();
    // Independent of the job's signal, so that the next attempt knows the results.
    const signal = AbortSignal.timeout(LAST_PAGE_TIMEOUT_MS);
    const key = this.#pageKey(this.#pages);
    this.#pages += 1;
    const body = Buffer.from(JSON.stringify(page));
    await this.#uploader.put({
      bucket: this.#bucket,
      key,
      body,
      contentType: 'application/json',
      ifDifferent: 'replace',
      lookFirst: false,
      signal,
    });
  }

  #pageKey(page: number): string {
    return `${this.#key}${PAGE_KEY_INFIX}${page}`;
  }

  /**
   * Undefined if the object does not exist, for which S3 returns 403 without permission to list, or if it is not JSON.
   */
  async #read<T>(key: string, signal?: AbortSignal): Promise<T | undefined> {
    let text: string | undefined;
    try {
      const answer = await this.#uploader.client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key }),
        signal && { abortSignal: signal },
      );
      text = await answer.Body?.transformToString();
    } catch (error) {
      const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
      if (status === 404 || status === 403) {
        return undefined;
      }
      this.#fail('the manifest or a page of it cannot be read', key, error, signal);
    }
    try {
      return JSON.parse(text ?? '') as T;
    } catch {
      return undefined;
    }
  }

  #fail(what: string, key: string, error: unknown, signal: AbortSignal | undefined): never {
    signal?.throwIfAborted();
    throw new StorageError('ERR_STORAGE_FAILED', `${what}: ${messageOf(error)}`, { bucket: this.#bucket, key }, error);
  }
}
