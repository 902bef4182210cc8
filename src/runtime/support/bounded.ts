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
 * Runs a call with a time limit. After `timeoutMs`, or when `signal` aborts, the signal passed to the call aborts and
 * this promise rejects, even if the call ignores its signal.
 *
 * @throws CallTimeout, the reason of `signal`, or what the call throws
 */
export async function bounded<T>(options: BoundedOptions, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, timeoutMs, what, signal } = options;
  signal?.throwIfAborted();
  const controller = new AbortController();
  let fail: (reason: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = (reason) => {
      controller.abort(reason);
      reject(reason);
    };
  });
  const onAbort = () => fail(signal?.reason as Error);
  const timer = clock.after(timeoutMs, () => fail(new CallTimeout(`${what} did not answer within ${timeoutMs} ms`)));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([call(controller.signal), failed]);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
