import { runWorker } from 'fileworks-runtime';
import { work } from './work.ts';

await runWorker<{ id: string }>(({ body: { id } }, { signal }) => work(id, signal));
