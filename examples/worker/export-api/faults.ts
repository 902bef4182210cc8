import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';

/** Faults to simulate. A count decreases with each use; other faults stay until you change them. */
export interface Faults {
  /** Every request gets status 503. */
  readonly outage: boolean;
  /** Every request gets this response, such as a page to sign in. */
  readonly answer: { readonly status: number; readonly type?: string; readonly body?: string } | undefined;
  /** Number of next requests that get status 503. */
  readonly unavailable: number;
  /** Number of next requests that get status 429. */
  readonly tooMany: number;
  /** Value of `Retry-After` in all of these responses. */
  readonly retryAfter: string | undefined;
  /** Delay of every response in milliseconds. */
  readonly slowMs: number;
  /** Number of next pages that repeat the previous page. */
  readonly repeatedPages: number;
  /** Number of next cursors that have expired. */
  readonly expiredCursors: number;
  /** Number of next links that have expired. */
  readonly expiredLinks: number;
  /** The download of this file, named `<job>/<file>`, gets no response until you change this. */
  readonly heldFile: string | undefined;
  /** Number of bytes of a file after which connections break. */
  readonly resetAfterBytes: number | undefined;
  /** Ranges are ignored. */
  readonly noRanges: boolean;
  /** Number of bytes by which `Content-Length` exceeds the file. */
  readonly extraLength: number;
  /** Number of bytes missing at the end of files, with a matching length. */
  readonly truncatedBytes: number;
  /** The byte in the middle of every file is changed. */
  readonly corrupt: boolean;
}

export const noFaults: Faults = {
  outage: false,
  answer: undefined,
  unavailable: 0,
  tooMany: 0,
  retryAfter: undefined,
  slowMs: 0,
  repeatedPages: 0,
  expiredCursors: 0,
  expiredLinks: 0,
  heldFile: undefined,
  resetAfterBytes: undefined,
  noRanges: false,
  extraLength: 0,
  truncatedBytes: 0,
  corrupt: false,
};

type Countable = 'unavailable' | 'tooMany' | 'repeatedPages' | 'expiredCursors' | 'expiredLinks';

/** Simulates `Faults`. */
export class FaultSimulator {
  readonly #faults: () => Faults;
  readonly #used = new Map<Countable, number>();
  #of: Faults | undefined;
  #lastStart = 0;

  constructor(faults: () => Faults) {
    this.#faults = faults;
  }

  async beforeAnswer(reply: FastifyReply): Promise<void> {
    const { outage, answer, slowMs, retryAfter } = this.#faults();
    if (slowMs > 0) {
      await delay(slowMs);
    }
    const status = this.#use('tooMany') ? 429 : outage || this.#use('unavailable') ? 503 : answer?.status;
    if (status === undefined) {
      return;
    }
    if (retryAfter !== undefined) {
      reply.header('retry-after', retryAfter);
    }
    const { type = 'application/json', body = '{"error":"not now"}' } = answer ?? {};
    await reply.code(status).type(type).send(body);
  }

  async whileHeld(file: string): Promise<void> {
    while (this.#faults().heldFile === file) {
      await delay(50);
    }
  }

  cursorIsExpired(): boolean {
    return this.#use('expiredCursors');
  }

  linkIsExpired(): boolean {
    return this.#use('expiredLinks');
  }

  /** The start of a page: as requested, or that of the previous page. */
  startOf(asked: number): number {
    if (asked === 0 || !this.#use('repeatedPages')) {
      this.#lastStart = asked;
    }
    return this.#lastStart;
  }

  #use(fault: Countable): boolean {
    const faults = this.#faults();
    if (this.#of !== faults) {
      this.#of = faults;
      this.#used.clear();
    }
    const used = this.#used.get(fault) ?? 0;
    if (used >= faults[fault]) {
      return false;
    }
    this.#used.set(fault, used + 1);
    return true;
  }
}
