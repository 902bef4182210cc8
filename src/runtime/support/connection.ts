import { untilAborted } from './until-aborted.js';

/**
 * One connection attempt. Its signal aborts when the caller's signal does, after an idle timeout, and when the attempt
 * is closed.
 */
export class Connection {
  readonly #controller = new AbortController();
  readonly #stop: () => void;

  constructor(
    readonly idleTimeoutMs: number,
    readonly outer: AbortSignal | undefined,
  ) {
    this.#stop = () => this.#controller.abort(outer?.reason);
    outer?.addEventListener('abort', this.#stop, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits at most for the idle timeout, and stops when the signal aborts, even if the other side ignores the abort. */
  async within<T>(waited: Promise<T>): Promise<T> {
    const idle = setTimeout(
      () => this.#controller.abort(new Error(`no data received for ${this.idleTimeoutMs} ms`)),
      this.idleTimeoutMs,
    );
    try {
      return await untilAborted(waited, this.signal);
    } finally {
      clearTimeout(idle);
    }
  }

  close(): void {
    this.outer?.removeEventListener('abort', this.#stop);
    this.#controller.abort();
  }
}
