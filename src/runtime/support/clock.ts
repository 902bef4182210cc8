/** Source of time and timers, so that tests can control both. */
export interface Clock {
  /** Milliseconds on a monotonic scale, independent of changes to the system date. Leases are measured with it. */
  now(): number;
  /** The system date, for logs and for times that other machines read. */
  date(): Date;
  /** Calls back once after `ms` milliseconds or later, never earlier on the scale of `now()`. */
  after(ms: number, callback: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** With a longer time, `setTimeout` fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(ms, callback) {
    const due = performance.now() + ms;
    let timer = setTimeout(fire, Math.min(ms, MAX_TIMEOUT_MS));
    // Timers of Node.js count whole milliseconds of another clock, and can fire a fraction of one too early.
    function fire(): void {
      const left = due - performance.now();
      if (left > 0) {
        timer = setTimeout(fire, Math.min(Math.ceil(left), MAX_TIMEOUT_MS));
      } else {
        callback();
      }
    }
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `ms` milliseconds, or as soon as the signal aborts; it never rejects. */
export async function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) {
    return;
  }
  await new Promise<void>((resolve) => {
    const done = () => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
