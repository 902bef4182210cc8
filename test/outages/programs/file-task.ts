import { createLogger } from 'fileworks-runtime';
import { runFileTask } from 'fileworks-runtime/dispatch';
import { work } from './work.ts';

process.exitCode = await runFileTask(
  ({ object: { bucket, key }, signal }) => work(key.slice(key.lastIndexOf('/') + 1), signal, bucket),
  { logger: createLogger() },
);
