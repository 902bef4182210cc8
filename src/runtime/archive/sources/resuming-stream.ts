import { setTimeout as delay } from 'node:timers/promises';
import { FileworksError } from '../../errors.js';
import { backoffDelay } from '../../support/backoff.js';
import { Connection } from '../../support/connection.js';
import { OptionChecks } from '../../support/option-checks.js';
import { ZipError } from '../zip-error.js';
import { sourceFailed } from './source.js';

const MAX_GROWTH = 32;

/** Handling of broken connections. */
export interface ResumeOptions {
  /** Consecutive connections that may break without any data; at least 1. @default 5 */
  readonly maxAttempts?: number;
  /** Milliseconds without data after which a connection counts as broken; at least 1. @default 30_000 */
  readonly idleTimeoutMs?: number;
  /**
   * Delay in milliseconds after the first break, doubled for each further one up to a factor of 32, with jitter; at
   * least 0. @default 100
   */
  readonly retryDelayMs?: number;
}

/** @throws ConfigurationError naming each invalid option */
export function resolveResume(options: ResumeOptions): Required<ResumeOptions> {
  const resolved = {
    maxAttempts: options.maxAttempts ?? 5,
    idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
    retryDelayMs: options.retryDelayMs ?? 100,
  };
  const checks = new OptionChecks();
  for (const [name, value] of Object.entries(resolved)) {
    checks.number(name, value, { min: name === 'retryDelayMs' ? 0 : 1, max: Infinity });
  }
  checks.done();
  return resolved;
}

/** Counts the consecutive breaks of one read and waits between attempts. */
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
   * Resolves when the next attempt may start. @throws the error of the read, if there is no further attempt; errors of
   * Fileworks are not retried
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

/**
 * Opens the range from `start` (inclusive) to `end` (exclusive). MUST reject with a ZipError if a retry cannot succeed.
 */
export type OpenRange = (start: number, end: number, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;

/** Streams a range over as many connections as needed: after a break it resumes at the first missing byte. */
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
          throw new ZipError('ERR_ZIP_SOURCE', 'the source sent more than requested', {
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
      // Not awaited: a hanging body may hang here too, and its connection is already closed.
      body?.return?.().catch(() => undefined);
    }
    if (failure !== undefined) {
      await attempts.failed(failure, at);
    }
  }
}
