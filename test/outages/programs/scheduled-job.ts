import { runScheduledJob } from 'fileworks-runtime';
import { work } from './work.ts';

await runScheduledJob(({ input }, { signal }) => work((input as { id: string }).id, signal));
