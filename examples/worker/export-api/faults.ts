import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';

/** What goes wrong. Counts are used up; the rest goes on until it is changed. */
export interface Faults {
  /** Every request is answered with 503. */
  readonly outage: boolean;
  /** So many of the next requests are answered with 503. */
  readonly unavailable: number;
  /** So many of the next requests are answered with 429. */
  readonly tooMany: number;
  /** What `Retry-After` says in these answers, in seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** Milliseconds before every answer. */
  readonly slowMs: number;
  /** So many of the next pages begin where the page before them began. */
  readonly repeatedPages: number;
  /** So many of the next cursors are too old. */
  readonly expiredCursors: number;
  /** So many of the next links are too old. */
  readonly expiredLinks: number;
  /** The download of this file, named `<job>/<file>`, is not answered until this is another. */
  readonly heldFile: string | undefined;
  /** Connections break after so many bytes of a file. */
  readonly resetAfterBytes: number | undefined;
  /** Ranges are ignored. */
  readonly noRanges: boolean;
  /** `Content-Length` is larger than the file by so many bytes. */
  readonly extraLength: number;
  /** Files lack so many bytes at their end, and their length says so. */
  readonly truncatedBytes: number;
  /** The byte in the middle of every file is another one. */
  readonly corrupt: boolean;
}

export const noFaults: Faults = {
  outage: false,
  unavailable: 0,
  tooMany: 0,
  retryAfterSeconds: undefined,
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

/** Makes go wrong what `Faults` say. */
export class Troubles {
  readonly #faults: () => Faults;
  readonly #used = new Map<Countable, number>();
  #of: Faults | undefined;
  #lastStart = 0;

  constructor(faults: () => Faults) {
    this.#faults = faults;
  }

  async beforeAnswer(reply: FastifyReply): Promise<void> {
    const { outage, slowMs, retryAfterSeconds } = this.#faults();
    if (slowMs > 0) {
      await delay(slowMs);
    }
    const status = this.#use('tooMany') ? 429 : outage || this.#use('unavailable') ? 503 : undefined;
    if (status === undefined) {
      return;
    }
    if (retryAfterSeconds !== undefined) {
      reply.header('retry-after', retryAfterSeconds);
    }
    await reply.code(status).send({ error: 'not now' });
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

  /** Where a page begins: where it should, or where the one before it began. */
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
