import { runBatch } from 'fileworks-runtime/batch';
import { work } from './work.ts';

await runBatch(({ bucket, key }, { signal }) => work(key.slice(key.lastIndexOf('/') + 1), signal, bucket, key));
