import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { BatchDocument, BatchFileResult, BatchResult } from '../../../contract/batch.js';
import { ConfigurationError } from '../../errors.js';
import { printable } from '../../support/printable.js';

/**
 * The growing result of a batch: an object that is rewritten after each finished file, so that the next worker
 * continues from there.
 *
 * There is one write at a time. Results that are added during a write, and those of a write that failed, are included
 * in the next one.
 */
export class BatchJournal {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #document: BatchDocument;
  readonly #files: Map<string, BatchFileResult>;
  #complete: boolean;
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #isWritten = true;

  private constructor(client: S3Client, bucket: string, document: BatchDocument, found: BatchResult | undefined) {
    this.#client = client;
    this.#bucket = bucket;
    this.#document = document;
    this.#files = new Map(found?.files.map((file) => [file.key, file]));
    this.#complete = found?.complete ?? false;
  }

  /**
   * Opens the journal with the results of earlier workers.
   *
   * @throws ConfigurationError for a result of another version, which a write would replace; errors of the client
   */
  static async open(client: S3Client, bucket: string, document: BatchDocument): Promise<BatchJournal> {
    return new BatchJournal(client, bucket, document, await read(client, bucket, document.resultKey));
  }

  get complete(): boolean {
    return this.#complete;
  }

  get result(): BatchResult {
    const { runId, batchId } = this.#document;
    return { version: 1, runId, batchId, complete: this.#complete, files: [...this.#files.values()] };
  }

  of(key: string): BatchFileResult | undefined {
    return this.#files.get(key);
  }

  /** Adds the result of a file; resolves when it is stored. */
  add(file: BatchFileResult): Promise<void> {
    this.#files.set(file.key, file);
    return this.#write();
  }

  /** Marks the batch as complete. */
  finish(): Promise<void> {
    this.#complete = true;
    return this.#write();
  }

  /** Writes what an earlier write could not. */
  async flush(): Promise<void> {
    if (!this.#isWritten) {
      await this.#write();
    }
  }

  #write(): Promise<void> {
    this.#isWritten = false;
    this.#next ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#writing = this.#put();
        return this.#writing;
      });
    return this.#next;
  }

  async #put(): Promise<void> {
    await this.#client.send(
      new PutObjectCommand({
        Bucket: this.#bucket,
        Key: this.#document.resultKey,
        Body: JSON.stringify(this.result),
        ContentType: 'application/json',
      }),
    );
    this.#isWritten = this.#next === undefined;
  }
}

async function read(client: S3Client, bucket: string, key: string): Promise<BatchResult | undefined> {
  // Without permission to list, S3 denies the read of an absent object, as it does while the role may not read at all
  const { Contents: objects = [] } = await client.send(
    new ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 }),
  );
  if (objects[0]?.Key !== key) {
    return undefined;
  }
  const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const result = JSON.parse((await body?.transformToString()) ?? '') as BatchResult | null;
  const version: unknown = result?.version;
  if (version !== 1) {
    throw new ConfigurationError([
      `expected the result s3://${bucket}/${printable(key)} to have version 1, got: ${String(version)}; a newer version needs a newer release of the worker`,
    ]);
  }
  return result ?? undefined;
}
