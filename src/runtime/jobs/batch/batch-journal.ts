import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { BatchDocument, BatchFileResult, BatchResult } from '../../../contract/batch.js';
import { ConfigurationError } from '../../errors.js';
import { printable } from '../../support/printable.js';
import { untilWritten, type UntilWrittenOptions } from '../../support/until-written.js';

/** HTTP status for a missing object; 403 without permission to list. */
const ABSENT: readonly (number | undefined)[] = [404, 403];

/**
 * The growing result of a batch: an object that is rewritten after each finished file, so that the next worker
 * continues from there.
 *
 * There is one write at a time, which is repeated while S3 is unavailable. Results that are added during a write are
 * included in the next one.
 */
export class BatchJournal {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #document: BatchDocument;
  readonly #files: Map<string, BatchFileResult>;
  readonly #until: UntilWrittenOptions;
  #complete: boolean;
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  private constructor(
    client: S3Client,
    bucket: string,
    document: BatchDocument,
    found: BatchResult | undefined,
    until: UntilWrittenOptions,
  ) {
    this.#client = client;
    this.#bucket = bucket;
    this.#document = document;
    this.#files = new Map(found?.files.map((file) => [file.key, file]));
    this.#complete = found?.complete ?? false;
    this.#until = until;
  }

  /**
   * Opens the journal with the results of earlier workers.
   *
   * @throws ConfigurationError for a result of another version, which a write would replace; errors of the client
   */
  static async open(
    client: S3Client,
    bucket: string,
    document: BatchDocument,
    until: UntilWrittenOptions,
  ): Promise<BatchJournal> {
    return new BatchJournal(client, bucket, document, await read(client, bucket, document.resultKey), until);
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

  #write(): Promise<void> {
    this.#next ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#writing = untilWritten(() => this.#put(), this.#until);
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
  }
}

async function read(client: S3Client, bucket: string, key: string): Promise<BatchResult | undefined> {
  try {
    const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const result = JSON.parse((await body?.transformToString()) ?? '') as BatchResult | null;
    const version: unknown = result?.version;
    if (version !== 1) {
      throw new ConfigurationError([
        `expected the result s3://${bucket}/${printable(key)} to have version 1, got: ${String(version)}; a newer version needs a newer release of the worker`,
      ]);
    }
    return result ?? undefined;
  } catch (error) {
    const { $metadata: { httpStatusCode: status } = {} } = error as { $metadata?: { httpStatusCode?: number } };
    if (ABSENT.includes(status)) {
      return undefined;
    }
    throw error;
  }
}
