#!/usr/bin/env node
import { createInterface } from 'node:readline/promises';
import { run } from './program';
import type { Io } from './support/io';

const stopping = new AbortController();
let signals = 0;
process.on('SIGINT', () => {
  signals += 1;
  // The first signal stops the command, which then releases the messages that it received
  if (signals > 1) {
    process.exit(130);
  }
  stopping.abort();
});
// A reader such as head closes the pipe early
process.stdout.on('error', () => process.exit(0));

const io: Io = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  interactive: process.stdin.isTTY && process.stdout.isTTY,
  signal: stopping.signal,
  async ask(question) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  },
};

void run(process.argv.slice(2), io).then((code) => {
  process.exitCode = code;
});
