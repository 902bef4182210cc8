import { PassThrough } from 'node:stream';
import { once } from 'node:events';
import type { IdempotentUploader } from 'fileworks-runtime/storage';
import type { Reject } from './orders.ts';

/** A file beside the clean one, with a line for each rejected row. It is empty if none was rejected. */
export class RejectFile {
  readonly #lines = new PassThrough();
  readonly #stored: Promise<unknown>;
  count = 0;

  constructor(
    uploader: IdempotentUploader,
    target: { readonly bucket: string; readonly key: string; readonly signal: AbortSignal },
  ) {
    this.#stored = uploader.put({
      ...target,
      body: this.#lines,
      contentType: 'application/x-ndjson',
      ifDifferent: 'replace',
      lookFirst: false,
      resume: false,
    });
    // close() reports the error
    this.#stored.catch(() => this.#lines.destroy());
  }

  readonly add = async (reject: Reject): Promise<void> => {
    this.count += 1;
    if (!this.#lines.write(`${JSON.stringify(reject)}\n`)) {
      await once(this.#lines, 'drain');
    }
  };

  async close(): Promise<void> {
    this.#lines.end();
    await this.#stored;
  }

  /** For a file that could not be read to its end: discards its rejects, too. */
  abandon(error: unknown): void {
    this.#lines.destroy(error as Error);
  }
}
