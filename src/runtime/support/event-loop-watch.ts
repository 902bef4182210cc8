import { Worker } from 'node:worker_threads';

const TICK_MS = 100;

export interface EventLoopWatchOptions {
  /** Reports an event loop that is blocked for this long. A third of a visibility timeout leaves enough time to act. */
  readonly warnAfterMs: number;
}

export interface EventLoopWatch {
  /** Resolves when the thread has terminated. */
  stop(): Promise<void>;
}

/**
 * Warns while the event loop is blocked. Code on the loop cannot report this, and heartbeats are delayed by the block,
 * so that leases can be lost without a warning. A worker thread watches a counter that the loop increments, and writes
 * the log line itself.
 */
export function watchEventLoop({ warnAfterMs }: EventLoopWatchOptions): EventLoopWatch {
  const ticks = new Int32Array(new SharedArrayBuffer(4));
  // Without the process's own flags: --input-type=module, for example, would make Node.js parse the source as a module.
  const thread = new Worker(THREAD_SOURCE, { eval: true, execArgv: [], workerData: { ticks, warnAfterMs } });
  // A failure of the watch thread is reported and does not end the worker.
  thread.on('error', (error: Error) => process.emitWarning(error));
  thread.unref();
  const timer = setInterval(() => {
    Atomics.add(ticks, 0, 1);
    Atomics.notify(ticks, 0);
  }, TICK_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}

/**
 * Source text, because a bundle has no file to start a thread from. The thread sleeps until the counter changes or the
 * time limit expires.
 */
const THREAD_SOURCE = `
const { workerData: { ticks, warnAfterMs } } = require('node:worker_threads');
const fs = require('node:fs');
function write(line) {
  try {
    fs.writeSync(1, JSON.stringify(line) + '\\n');
  } catch {
    // The reader of the log is gone.
  }
}
for (;;) {
  const seen = Atomics.load(ticks, 0);
  if (Atomics.wait(ticks, 0, seen, warnAfterMs) === 'timed-out') {
    const time = new Date().toISOString();
    write({
      level: 'warn', time, blockedMs: warnAfterMs,
      msg: 'event loop is blocked: heartbeats cannot be sent and leases will be lost; move the work to a worker thread',
    });
    const blockedSince = Date.now() - warnAfterMs;
    Atomics.wait(ticks, 0, seen);
    write({ level: 'warn', time: new Date().toISOString(), blockedMs: Date.now() - blockedSince, msg: 'event loop is no longer blocked' });
  }
}
`;
