interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/** Lets only so many bytes be held in memory at once; whoever comes first gets them first. */
export class ByteBudget {
  #free: number;
  readonly #waiting: Waiting[] = [];

  constructor(readonly maxBytes: number) {
    this.#free = maxBytes;
  }

  /** Waits until the bytes may be held. More than there ever will be counts as all of it. @returns a function that gives them back, once */
  async take(bytes: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const taken = Math.min(bytes, this.maxBytes);
    if (this.#waiting.length > 0 || taken > this.#free) await this.#wait(taken, signal);
    else this.#free -= taken;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#free += taken;
      this.#next();
    };
  }

  async #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        bytes,
        start: () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        this.#next();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort reason is whatever the caller gave
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #next(): void {
    for (let first = this.#waiting.at(0); first !== undefined && first.bytes <= this.#free; first = this.#waiting.at(0)) {
      this.#waiting.shift();
      this.#free -= first.bytes;
      first.start();
    }
  }
}
