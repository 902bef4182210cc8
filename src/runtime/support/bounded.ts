import { type Clock } from './clock.js';
import { CallTimeout } from '../errors.js';

export interface BoundedOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Names the call in the error. */
  readonly what: string;
  readonly signal?: AbortSignal;
}

/**
 * Runs a call that must not take longer than `timeoutMs`: at that time, or when `signal` aborts, the call's own signal
 * aborts and this
 * promise rejects, even when the call ignores its signal.
 *
 * @throws CallTimeout, the reason of `signal`, or what the call throws
 */
export async function bounded<T>(options: BoundedOptions, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, timeoutMs, what, signal } = options;
  signal?.throwIfAborted();
  const controller = new AbortController();
  let giveUp: (reason: Error) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = (reason) => {
      controller.abort(reason);
      reject(reason);
    };
  });
  const onAbort = () => giveUp(signal?.reason as Error);
  const timer = clock.after(timeoutMs, () => giveUp(new CallTimeout(`${what} did not answer within ${timeoutMs} ms`)));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([call(controller.signal), givenUp]);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
