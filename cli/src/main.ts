#!/usr/bin/env node
import { run } from './program';
import { stdio } from './support/stdio';

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

void run(process.argv.slice(2), stdio(stopping.signal)).then((code) => {
  process.exitCode = code;
});
