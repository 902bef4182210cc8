/** Memory for one part, held until it is given back. */
export interface Held {
  readonly bytes: Buffer;
  /** Once is enough; the bytes may be another part's right after. */
  readonly release: () => void;
}

interface Waiting {
  readonly size: number;
  readonly start: () => void;
}

/**
 * The memory of all parts: only so many bytes at once, and whoever comes first gets them first.
 *
 * Buffers of the size of a part are used again while there is work, since fresh ones cost a page fault for every 4 KiB;
 * none is kept when all is done.
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

  /** Waits until the memory may be held. More than there ever will be counts as all of it. */
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
