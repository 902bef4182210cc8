import { untilAborted } from './until-aborted.js';

/** One attempt: its signal fires when the caller's does, when nothing comes for too long, and when it is over. */
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

  /**
   * Waits no longer than a connection may be silent, and not after the signal fires, even if the other side never
   * answers to it.
   */
  async within<T>(waited: Promise<T>): Promise<T> {
    const idle = setTimeout(
      () => this.#controller.abort(new Error(`no byte came for ${this.idleTimeoutMs} ms`)),
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
