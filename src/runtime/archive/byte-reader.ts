import { untilAborted } from '../support/until-aborted.js';
import { sourceEnded, sourceFailed } from './sources/source.js';

const NOTHING = Buffer.alloc(0);

/** Reads a body forward, in the portions that a parser needs. Nothing is lost between a portion and the next. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #buffered: Buffer = NOTHING;
  /** Where in the buffer the next byte is. */
  #at = 0;
  /** The piece whose first bytes end the buffer, which is then a bridge from what was left to this piece. */
  #beyond: Buffer | undefined;
  /** Where in the bridge that piece begins. */
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
   * Brings the next bytes together and tells how many there are: fewer than asked for only at the end of the body. They
   * stand in `bytes` from `at` on,
   * until something else is called: a record is decoded where it stands, since a Buffer for each costs more than its
   * decoding.
   */
  async gather(length: number): Promise<number> {
    if (this.#lacks(length)) {
      await this.#fill(length);
    }
    return this.#buffered.length - this.#at;
  }

  /**
   * True when there is nothing to wait for: asking this first saves the turn of the event loop that `await` takes,
   * several times for each entry.
   */
  gathered(length: number): boolean {
    return !this.#lacks(length);
  }

  get bytes(): Buffer {
    return this.#buffered;
  }

  get at(): number {
    return this.#at;
  }

  /** Looks at the next bytes, as many as are asked for or are left, and at more when they are there already. */
  async peek(length: number): Promise<Buffer> {
    if (this.#lacks(length)) {
      await this.#fill(length);
    }
    return this.#at === 0 ? this.#buffered : this.#buffered.subarray(this.#at);
  }

  /** Takes exactly so many bytes. @throws ZipError ERR_ZIP_TRUNCATED when there are fewer */
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

  /** Takes what is there, at most so much; empty only at the end of the body. */
  async some(most: number): Promise<Buffer> {
    if (this.#lacks(1)) {
      await this.#fill(1);
    }
    const start = this.#at;
    this.advance(Math.min(most, this.#buffered.length - start));
    return this.#buffered.subarray(start, this.#at);
  }

  /** Steps over bytes that were peeked at. */
  advance(length: number): void {
    this.#at += length;
    this.#offset += length;
  }

  /** Puts the last bytes that were taken back. */
  giveBack(bytes: Buffer): void {
    this.#offset -= bytes.length;
    // They stand before what is left, unless what was left has been read on.
    const end = this.#buffered.byteOffset + this.#at;
    if (this.#at >= bytes.length && this.#buffered.buffer === bytes.buffer && bytes.byteOffset + bytes.length === end) {
      this.#at -= bytes.length;
    } else {
      this.#leaveBridge();
      this.#buffered = Buffer.concat([bytes, this.#buffered.subarray(this.#at)]);
      this.#at = 0;
    }
  }

  /** Lets go of the body. Does not wait for a body that hangs. */
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
   * Reads on until there are so many bytes, or no more. Copies what must lie together across the border of two pieces,
   * and not the pieces; and that once,
   * however small the pieces are.
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

  /** From the bridge to the piece behind it, which nearly always begins before the next byte. */
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
   * Waits for the body or for the signal, whichever comes first: a body that hangs must not hold up a stop. So many
   * bytes are there already.
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
