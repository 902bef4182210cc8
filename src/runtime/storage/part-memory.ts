/** Memory for one part, held until it is released. */
export interface Held {
  readonly bytes: Buffer;
  /** Idempotent. The bytes may be reused for another part immediately. */
  readonly release: () => void;
}

interface Waiting {
  readonly size: number;
  readonly start: () => void;
}

/**
 * Limits the memory of all parts, in first-come, first-served order.
 *
 * Buffers of the part size are reused while parts are in use, because new ones cost a page fault for every 4 KiB; none
 * is kept when all are released.
 */
export class PartMemory {
  #free: number;
  readonly #spare: Buffer[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(
    readonly maxBytes: number,
    readonly partBytes: number,
  ) {
    this.#free = maxBytes;
  }

  /** Waits until the memory is available. A size above the limit counts as the limit. */
  async take(size: number, signal?: AbortSignal): Promise<Held> {
    signal?.throwIfAborted();
    const counted = Math.min(size, this.maxBytes);
    if (this.#waiting.length > 0 || counted > this.#free) {
      await this.#wait(counted, signal);
    } else {
      this.#free -= counted;
    }
    const bytes = (size === this.partBytes ? this.#spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(size);
    let held = true;
    const release = (): void => {
      if (!held) {
        return;
      }
      held = false;
      this.#free += counted;
      if (size === this.partBytes) {
        this.#spare.push(bytes);
      }
      if (this.#free === this.maxBytes) {
        this.#spare.length = 0;
      }
      this.#next();
    };
    return { bytes, release };
  }

  async #wait(size: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        this.#next();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort reason is whatever the caller gave
        reject(signal?.reason);
      };
      const start = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const waiting: Waiting = { size, start };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #next(): void {
    for (
      let first = this.#waiting.at(0);
      first !== undefined && first.size <= this.#free;
      first = this.#waiting.at(0)
    ) {
      this.#waiting.shift();
      this.#free -= first.size;
      first.start();
    }
  }
}
