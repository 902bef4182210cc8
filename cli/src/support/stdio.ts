import { createInterface } from 'node:readline/promises';
import type { Io } from './io';

/**
 * Standard input and output of the process. What is written after its reader, such as `head`, is gone is discarded: the
 * command does all of its work, and its exit code says how that ended. Only `watch`, whose work is its output, stops.
 */
export function stdio(signal: AbortSignal): Io {
  const { stdin, stdout, stderr } = process;
  const unread = new AbortController();
  stdout.on('error', () => {
    unread.abort();
  });
  stderr.on('error', () => undefined);
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    interactive: stdin.isTTY && stdout.isTTY,
    signal,
    unread: unread.signal,
    async ask(question) {
      const lines = createInterface({ input: stdin, output: stderr });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
  };
}
