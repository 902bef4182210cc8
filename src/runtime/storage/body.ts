import { Readable } from 'node:stream';
import { itemsUntilAborted } from '../support/until-aborted.js';
import type { Held, PartMemory } from './part-memory.js';
import type { PutBody } from './put-options.js';

/** A part of the body in memory, and a function that releases the memory. */
export interface Part {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly release: () => void;
}

/** A body that tracks whether it can be read again. */
export class Body {
  readonly #body: PutBody;
  #opened = false;

  constructor(body: PutBody) {
    this.#body = body;
  }

  get inMemory(): Uint8Array | undefined {
    return this.#body instanceof Uint8Array ? this.#body : undefined;
  }

  /** Undefined if it was read before and can be read only once. */
  open(): AsyncIterable<Uint8Array> | undefined {
    if (this.#body instanceof Uint8Array) {
      return once(this.#body);
    }
    if (typeof this.#body === 'function') {
      return this.#body();
    }
    const opened = this.#opened;
    this.#opened = true;
    return opened ? undefined : this.#body;
  }

  /** Closes a body that was not needed: an unread stream keeps its connection open. */
  close(): void {
    if (this.#opened || this.#body instanceof Uint8Array || typeof this.#body === 'function') {
      return;
    }
    if (this.#body instanceof Readable) {
      this.#body.destroy();
    } else {
      this.#body
        [Symbol.asyncIterator]()
        .return?.()
        .catch(() => undefined);
    }
  }

  get rereadable(): boolean {
    return this.#body instanceof Uint8Array || typeof this.#body === 'function';
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the shape of a body that is read
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

export interface PartRules {
  readonly partBytes: number;
  /** Bytes of the whole body, if known, so that a small body takes only as much memory as needed. */
  readonly size: number | undefined;
  readonly memory: PartMemory;
  readonly signal: AbortSignal | undefined;
}

/**
 * Splits a body into parts of one size, except for the last. Each is copied once into its own memory, so that many
 * small chunks cost no more than a few large ones. Memory for the next part is requested only after this one was
 * yielded, so that bodies waiting for memory hold none.
 */
export async function* partsOf(body: AsyncIterable<Uint8Array>, rules: PartRules): AsyncGenerator<Part, void, void> {
  const { partBytes, size = Infinity, memory, signal } = rules;
  let number = 0;
  let left = size;
  let filling: Held | undefined;
  let filled = 0;
  const finish = (): Part | undefined => {
    if (filling === undefined) {
      return undefined;
    }
    const part = { number: ++number, bytes: filling.bytes.subarray(0, filled), release: filling.release };
    filling = undefined;
    return part;
  };
  try {
    for await (const piece of itemsUntilAborted(body, signal)) {
      for (let at = 0; at < piece.byteLength;) {
        if (filling === undefined) {
          // One byte more than expected detects a body that is longer than its size.
          filling = await memory.take(Math.min(partBytes, Math.max(left, 1)), signal);
          filled = 0;
        }
        const taken = Math.min(filling.bytes.length - filled, piece.byteLength - at);
        filling.bytes.set(piece.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled < filling.bytes.length) {
          continue;
        }
        left -= filled;
        yield finish() as Part;
      }
    }
    const last = finish();
    if (last !== undefined) {
      yield last;
    }
  } finally {
    filling?.release();
  }
}
