import { sourceEnded, sourceFailed } from './sources/source.js';

const NOTHING = Buffer.alloc(0);

/** Reads a body forward, in the portions that a parser needs. Nothing is lost between a portion and the next. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #buffered: Buffer = NOTHING;
  #offset = 0;
  #ended = false;

  constructor(readonly label: string, source: AsyncIterable<Uint8Array>, readonly signal: AbortSignal | undefined) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** Offset in the body of the next byte. */
  get offset(): number {
    return this.#offset;
  }

  /** Looks at the next bytes, as many as are asked for or are left, and at more when they are there already. */
  async peek(length: number): Promise<Buffer> {
    if (this.#buffered.length >= length) return this.#buffered;
    const pieces = [this.#buffered];
    let buffered = this.#buffered.length;
    while (buffered < length && !this.#ended) {
      const piece = await this.#next();
      pieces.push(piece);
      buffered += piece.length;
    }
    this.#buffered = Buffer.concat(pieces);
    return this.#buffered;
  }

  /** Takes exactly so many bytes. @throws ZipError ERR_ZIP_TRUNCATED when there are fewer */
  async take(length: number): Promise<Buffer> {
    const bytes = await this.peek(length);
    if (bytes.length < length) throw sourceEnded(this.label, this.#offset + bytes.length);
    this.advance(length);
    return bytes.subarray(0, length);
  }

  /** Takes what is there, at most so much; empty only at the end of the body. */
  async some(most: number): Promise<Buffer> {
    const bytes = this.#buffered.length > 0 ? this.#buffered : await this.peek(1);
    const taken = bytes.subarray(0, most);
    this.advance(taken.length);
    return taken;
  }

  /** Steps over bytes that were peeked at. */
  advance(length: number): void {
    this.#buffered = this.#buffered.subarray(length);
    this.#offset += length;
  }

  /** Puts the last bytes that were taken back. */
  giveBack(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#buffered = this.#buffered.length === 0 ? bytes : Buffer.concat([bytes, this.#buffered]);
    this.#offset -= bytes.length;
  }

  /** Lets go of the body. Does not wait for a body that hangs. */
  close(): void {
    this.#ended = true;
    void this.#pieces.return?.().then(() => undefined, () => undefined);
  }

  /** Waits for the body or for the signal, whichever comes first: a body that hangs must not hold up a stop. */
  async #next(): Promise<Buffer> {
    this.signal?.throwIfAborted();
    let stop: () => void = () => undefined;
    const stopped = new Promise<never>((_, reject) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort reason is whatever the caller gave
      stop = () => reject(this.signal?.reason);
      this.signal?.addEventListener('abort', stop, { once: true });
    });
    try {
      const piece = await Promise.race([this.#pieces.next(), stopped]);
      if (piece.done !== true) return Buffer.from(piece.value.buffer, piece.value.byteOffset, piece.value.byteLength);
      this.#ended = true;
      return NOTHING;
    } catch (error) {
      this.#ended = true;
      throw sourceFailed(this.label, this.#offset + this.#buffered.length, error, this.signal);
    } finally {
      this.signal?.removeEventListener('abort', stop);
    }
  }
}
