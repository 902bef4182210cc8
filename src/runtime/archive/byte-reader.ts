import { untilAborted } from '../support/until-aborted.js';
import { sourceEnded, sourceFailed } from './sources/source.js';

const NOTHING = Buffer.alloc(0);

/** Reads a body sequentially, in the portions that a parser needs. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #buffered: Buffer = NOTHING;
  /** Position of the next byte in the buffer. */
  #at = 0;
  /** The piece whose first bytes are the end of the buffer, which is then a bridge between the rest and this piece. */
  #beyond: Buffer | undefined;
  /** Position of that piece in the bridge. */
  #bridgeStart = 0;
  #offset = 0;
  #ended = false;

  constructor(
    readonly label: string,
    source: AsyncIterable<Uint8Array>,
    readonly signal: AbortSignal | undefined,
  ) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** Offset in the body of the next byte. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Gathers the next bytes and returns their number: fewer than requested only at the end of the body. They are in
   * `bytes` from `at` on until the next call: records are decoded in place, because a Buffer for each would cost more
   * than decoding it.
   */
  async gather(length: number): Promise<number> {
    if (this.#lacks(length)) {
      await this.#fill(length);
    }
    return this.#buffered.length - this.#at;
  }

  /** Whether the bytes are already gathered. Checking this first saves `await`, several times per entry. */
  gathered(length: number): boolean {
    return !this.#lacks(length);
  }

  get bytes(): Buffer {
    return this.#buffered;
  }

  get at(): number {
    return this.#at;
  }

  /** The next bytes without consuming them: at least as many as requested, unless the body ends. */
  async peek(length: number): Promise<Buffer> {
    if (this.#lacks(length)) {
      await this.#fill(length);
    }
    return this.#at === 0 ? this.#buffered : this.#buffered.subarray(this.#at);
  }

  /** Consumes exactly `length` bytes. @throws ZipError ERR_ZIP_TRUNCATED if there are fewer */
  async take(length: number): Promise<Buffer> {
    if (this.#lacks(length)) {
      await this.#fill(length);
    }
    const start = this.#at;
    if (this.#buffered.length - start < length) {
      throw sourceEnded(this.label, this.#offset + this.#buffered.length - start);
    }
    this.advance(length);
    return this.#buffered.subarray(start, start + length);
  }

  /** Consumes available bytes, at most `most`; empty only at the end of the body. */
  async some(most: number): Promise<Buffer> {
    if (this.#lacks(1)) {
      await this.#fill(1);
    }
    const start = this.#at;
    this.advance(Math.min(most, this.#buffered.length - start));
    return this.#buffered.subarray(start, this.#at);
  }

  /** Consumes bytes that were peeked at. */
  advance(length: number): void {
    this.#at += length;
    this.#offset += length;
  }

  /** Returns the last consumed bytes to the buffer. */
  unread(bytes: Buffer): void {
    this.#offset -= bytes.length;
    // They precede the rest in the buffer, unless the buffer was replaced.
    const end = this.#buffered.byteOffset + this.#at;
    if (this.#at >= bytes.length && this.#buffered.buffer === bytes.buffer && bytes.byteOffset + bytes.length === end) {
      this.#at -= bytes.length;
    } else {
      this.#leaveBridge();
      this.#buffered = Buffer.concat([bytes, this.#buffered.subarray(this.#at)]);
      this.#at = 0;
    }
  }

  /** Closes the body. Does not wait for a hanging body. */
  close(): void {
    this.#ended = true;
    this.#beyond = undefined;
    void this.#pieces.return?.().then(
      () => undefined,
      () => undefined,
    );
  }

  #lacks(length: number): boolean {
    return this.#buffered.length - this.#at < length && (!this.#ended || this.#beyond !== undefined);
  }

  /**
   * Reads until `length` bytes are available, or the body ends. Copies only bytes that must be contiguous across the
   * border of pieces, and only once, even for small pieces.
   */
  async #fill(length: number): Promise<void> {
    this.#leaveBridge();
    const pieces = this.#at === this.#buffered.length ? [] : [this.#buffered.subarray(this.#at)];
    let there = this.#buffered.length - this.#at;
    while (there < length && !this.#ended) {
      const piece = await this.#next(there);
      if (piece.length === 0) {
        continue;
      }
      pieces.push(piece);
      there += piece.length;
    }
    const last = pieces.at(-1) ?? NOTHING;
    this.#at = 0;
    if (pieces.length > 1 && there > length) {
      this.#buffered = Buffer.concat([...pieces.slice(0, -1), last.subarray(0, length)]);
      this.#beyond = last;
      this.#bridgeStart = there - last.length;
    } else {
      this.#buffered = pieces.length > 1 ? Buffer.concat(pieces) : last;
    }
  }

  /** Moves from the bridge to the piece after it, which nearly always contains the next byte. */
  #leaveBridge(): void {
    if (this.#beyond === undefined) {
      return;
    }
    const left = this.#buffered.subarray(Math.min(this.#at, this.#bridgeStart), this.#bridgeStart);
    this.#buffered = left.length === 0 ? this.#beyond : Buffer.concat([left, this.#beyond]);
    this.#at = Math.max(0, this.#at - this.#bridgeStart);
    this.#beyond = undefined;
  }

  /**
   * Waits for the body or for the signal, whichever settles first, so that a hanging body does not delay a stop.
   * `there`: number of buffered bytes.
   */
  async #next(there: number): Promise<Buffer> {
    this.signal?.throwIfAborted();
    try {
      const piece = await untilAborted(this.#pieces.next(), this.signal);
      if (piece.done !== true) {
        return Buffer.from(piece.value.buffer, piece.value.byteOffset, piece.value.byteLength);
      }
      this.#ended = true;
      return NOTHING;
    } catch (error) {
      this.#ended = true;
      throw sourceFailed(this.label, this.#offset + there, error, this.signal);
    }
  }
}
