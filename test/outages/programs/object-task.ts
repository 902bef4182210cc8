import { runObjectTask } from 'fileworks-runtime';
import { work } from './work.ts';

await runObjectTask(({ object: { bucket, key } }, { signal }) =>
  work(key.slice(key.lastIndexOf('/') + 1), signal, bucket),
);
