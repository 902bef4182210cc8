import { setTimeout as delay } from 'node:timers/promises';
import { FileworksError } from '../../errors.js';
import { backoffDelay } from '../../support/backoff.js';
import { Connection } from '../../support/connection.js';
import { ZipError } from '../zip-error.js';
import { sourceFailed } from './source.js';

const MAX_GROWTH = 32;

/** How a source over a network deals with broken connections. */
export interface ResumeOptions {
  /** Connections in a row that may break without bringing a single byte; at least 1. @default 5 */
  readonly maxAttempts?: number;
  /** Milliseconds without a byte after which a connection counts as broken; at least 1. @default 30_000 */
  readonly idleTimeoutMs?: number;
  /**
   * Milliseconds to wait after the first break, doubled with each further one up to 32 times, and randomized; at least
   * 0. @default 100
   */
  readonly retryDelayMs?: number;
}

/** @throws TypeError naming the option */
export function resolveResume(options: ResumeOptions): Required<ResumeOptions> {
  const resolved = {
    maxAttempts: options.maxAttempts ?? 5,
    idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
    retryDelayMs: options.retryDelayMs ?? 100,
  };
  for (const [name, value] of Object.entries(resolved)) {
    const least = name === 'retryDelayMs' ? 0 : 1;
    if (!(value >= least)) {
      throw new TypeError(`Expected \`${name}\` to be a number >= ${least}, got \`${String(value)}\``);
    }
  }
  return resolved;
}

/** Counts the breaks in a row of one read and waits between attempts. */
export class Attempts {
  #breaks = 0;

  constructor(
    readonly label: string,
    readonly options: Required<ResumeOptions>,
    readonly signal: AbortSignal | undefined,
  ) {}

  progressed(): void {
    this.#breaks = 0;
  }

  /**
   * Returns when the next attempt may start; errors of ours are meant as they are. @throws what the read must end with,
   * when there is none
   */
  async failed(failure: unknown, offset: number): Promise<void> {
    this.#breaks += 1;
    if (
      this.signal?.aborted === true ||
      failure instanceof FileworksError ||
      this.#breaks >= this.options.maxAttempts
    ) {
      throw sourceFailed(this.label, offset, failure, this.signal);
    }
    const { retryDelayMs: base } = this.options;
    const ms = backoffDelay(this.#breaks, { base, max: base * MAX_GROWTH, jitter: 'equal' });
    await delay(ms, undefined, this.signal && { signal: this.signal });
  }
}

/** Opens the range from `start` up to, without, `end`. MUST reject with a ZipError for what no retry can mend. */
export type OpenRange = (start: number, end: number, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;

/**
 * Streams a range over as many connections as it takes: after a break it goes on with the first byte that is missing.
 */
export async function* resumingStream(
  open: OpenRange,
  start: number,
  end: number,
  attempts: Attempts,
): AsyncGenerator<Buffer, void, void> {
  const { label, options, signal } = attempts;
  for (let at = start; at < end;) {
    signal?.throwIfAborted();
    const connection = new Connection(options.idleTimeoutMs, signal);
    let body: AsyncIterator<Uint8Array> | undefined;
    let failure: unknown;
    try {
      body = (await connection.within(open(at, end, connection.signal)))[Symbol.asyncIterator]();
      for (;;) {
        const piece = await connection.within(body.next());
        if (piece.done === true) {
          break;
        }
        const { buffer, byteOffset, byteLength } = piece.value;
        if (byteLength > end - at) {
          throw new ZipError('ERR_ZIP_SOURCE', 'the source sent more than it was asked for', {
            archive: label,
            offset: at,
          });
        }
        if (byteLength === 0) {
          continue;
        }
        at += byteLength;
        attempts.progressed();
        yield Buffer.from(buffer, byteOffset, byteLength);
      }
      if (at < end) {
        failure = new Error(`the connection ended ${end - at} bytes early`);
      }
    } catch (error) {
      failure = error;
    } finally {
      connection.close();
      // Not awaited: a body that hangs may hang here too, and its connection is gone already.
      body?.return?.().catch(() => undefined);
    }
    if (failure !== undefined) {
      await attempts.failed(failure, at);
    }
  }
}
