import { Readable } from 'node:stream';

/** A Readable over a generator that stops at once when it is destroyed, even during a hanging read. */
export class EntryStream extends Readable {
  readonly #controller = new AbortController();
  readonly #pieces: AsyncGenerator<Buffer, void, void>;
  readonly #outer: AbortSignal | undefined;
  readonly #abort = (): void => void this.destroy(reasonOf(this.#outer));

  constructor(open: (signal: AbortSignal) => AsyncGenerator<Buffer, void, void>, outer?: AbortSignal) {
    super({ highWaterMark: 1 });
    this.#outer = outer;
    this.#pieces = open(this.#controller.signal);
    if (outer?.aborted === true) {
      this.#abort();
    } else {
      outer?.addEventListener('abort', this.#abort, { once: true });
    }
  }

  override _read(): void {
    this.#pieces.next().then(
      (piece) => this.push(piece.done === true ? null : piece.value),
      (error: unknown) => this.destroy(error as Error),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#outer?.removeEventListener('abort', this.#abort);
    this.#controller.abort(error ?? undefined);
    const done = (): void => callback(error);
    this.#pieces.return().then(done, done);
  }
}

/** Converts an abort reason to an error, as required to destroy a stream. */
function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
