import { Worker } from 'node:worker_threads';

const BEAT_MS = 100;

export interface EventLoopWatchOptions {
  /** A loop that does not turn for this long is reported; a third of a visibility timeout is early enough to act. */
  readonly warnAfterMs: number;
}

export interface EventLoopWatch {
  /** The thread is gone when this resolves. */
  stop(): Promise<void>;
}

/**
 * Warns, while it happens, that the event loop is blocked. Nothing on the loop can say so, and heartbeats wait behind
 * the block: a lease
 * that is lost to it would otherwise come as a surprise. A thread watches a counter that the loop turns, and writes the
 * line itself.
 */
export function watchEventLoop({ warnAfterMs }: EventLoopWatchOptions): EventLoopWatch {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  // Without the flags of the process: one such as --input-type=module would have the source read as something else.
  const thread = new Worker(THREAD_SOURCE, { eval: true, execArgv: [], workerData: { beats, warnAfterMs } });
  // A watch that ends is told and is no reason for the worker to end.
  thread.on('error', (error: Error) => process.emitWarning(error));
  thread.unref();
  const timer = setInterval(() => {
    Atomics.add(beats, 0, 1);
    Atomics.notify(beats, 0);
  }, BEAT_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}

/**
 * Source text, since a bundle has no file to start a thread from. It sleeps until the counter moves or the time is
 * over.
 */
const THREAD_SOURCE = `
const { workerData: { beats, warnAfterMs } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
for (;;) {
  const seen = Atomics.load(beats, 0);
  if (Atomics.wait(beats, 0, seen, warnAfterMs) === 'timed-out') {
    const time = new Date().toISOString();
    writeSync(1, JSON.stringify({
      level: 'warn', time, blockedMs: warnAfterMs,
      msg: 'event loop is blocked: no heartbeat can be sent, and leases will be lost; move the work to a worker thread',
    }) + '\\n');
    const blockedSince = Date.now() - warnAfterMs;
    Atomics.wait(beats, 0, seen);
    writeSync(1, JSON.stringify({ level: 'warn', time: new Date().toISOString(), blockedMs: Date.now() - blockedSince, msg: 'event loop turns again' }) + '\\n');
  }
}
`;
