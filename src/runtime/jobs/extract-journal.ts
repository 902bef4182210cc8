import { GetObjectCommand, DeleteObjectCommand, S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import { PageKeyInfix } from '../../contract/result-keys.js';
import type { IdempotentUploader } from '../storage/index.js';
import type { ExtractManifest, RefusedEntry, StoredEntry } from './extract-manifest.js';

/** Results that are written together: what a restart may have to find out again. */
const PAGE_RESULTS = 500;
const PAGE_INTERVAL_MS = 5_000;

/** How long the last page may take when the job was stopped. */
const LAST_PAGE_TIMEOUT_MS = 10_000;

interface Page {
  readonly fingerprint: string;
  readonly stored: readonly StoredEntry[];
  readonly refused: readonly RefusedEntry[];
}

/**
 * Remembers in S3 what is done, so that a restart asks for a page of 500 results instead of every object.
 *
 * Pages `<key>.part/0`, `1`, … are written while the job runs; the manifest at `<key>` takes their place when it is finished. A page is written only after
 * everything in it stands. Pages of another archive do not count and are written over.
 */
export class ExtractJournal {
  readonly #uploader: IdempotentUploader;
  readonly #bucket: string;
  readonly #key: string;
  readonly #fingerprint: string;
  #pages = 0;
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

  /** The manifest of this archive, when the job is finished already. */
  async finished(signal?: AbortSignal): Promise<ExtractManifest | undefined> {
    const manifest = await readJson<ExtractManifest>(this.#uploader.client, this.#bucket, this.#key, signal);
    return manifest?.archive.fingerprint === this.#fingerprint ? manifest : undefined;
  }

  /** What earlier attempts have done. To be called once, before anything is added. */
  async load(signal?: AbortSignal): Promise<Pick<Page, 'stored' | 'refused'>> {
    const stored: StoredEntry[] = [];
    const refused: RefusedEntry[] = [];
    for (;; this.#pages++) {
      const page = await readJson<Page>(this.#uploader.client, this.#bucket, this.#pageKey(this.#pages), signal);
      if (page?.fingerprint !== this.#fingerprint) return { stored, refused };
      stored.push(...page.stored);
      refused.push(...page.refused);
    }
  }

  /** Notes results; writes a page when there are enough of them, or when it is time. */
  async add(results: Partial<Pick<Page, 'stored' | 'refused'>>): Promise<void> {
    this.#stored.push(...results.stored ?? []);
    this.#refused.push(...results.refused ?? []);
    if (this.#stored.length + this.#refused.length >= PAGE_RESULTS || Date.now() - this.#writtenAt > PAGE_INTERVAL_MS) await this.flush();
  }

  /** Writes what was added since the last page. */
  async flush(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    await this.#writing;
  }

  /** Puts the manifest in the place of the pages. */
  async finish(manifest: ExtractManifest, signal?: AbortSignal): Promise<void> {
    await this.#writing;
    const body = Buffer.from(JSON.stringify(manifest));
    await this.#uploader.put({
      bucket: this.#bucket, key: this.#key, body, contentType: 'application/json', ifDifferent: 'replace', ...(signal !== undefined && { signal }),
    });
    for (let page = this.#pages - 1; page >= 0; page--) {
      await this.#uploader.client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#pageKey(page) }));
    }
  }

  async #write(): Promise<void> {
    const page: Page = { fingerprint: this.#fingerprint, stored: this.#stored, refused: this.#refused };
    if (page.stored.length + page.refused.length === 0) return;
    this.#stored = [];
    this.#refused = [];
    this.#writtenAt = Date.now();
    // Not stopped by the job's signal: what is done should be known to the next attempt.
    const signal = AbortSignal.timeout(LAST_PAGE_TIMEOUT_MS);
    const key = this.#pageKey(this.#pages);
    this.#pages += 1;
    const body = Buffer.from(JSON.stringify(page));
    await this.#uploader.put({ bucket: this.#bucket, key, body, contentType: 'application/json', ifDifferent: 'replace', lookFirst: false, signal });
  }

  #pageKey(page: number): string {
    return `${this.#key}${PageKeyInfix}${page}`;
  }
}

/** Undefined when there is no such object, which S3 calls 403 where listing is not allowed, or when it holds something else. */
async function readJson<T>(client: S3Client, bucket: string, key: string, signal?: AbortSignal): Promise<T | undefined> {
  let text: string | undefined;
  try {
    const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), signal && { abortSignal: signal });
    text = await answer.Body?.transformToString();
  } catch (error) {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status === 404 || status === 403) return undefined;
    throw error;
  }
  try {
    return JSON.parse(text ?? '') as T;
  } catch {
    return undefined;
  }
}
