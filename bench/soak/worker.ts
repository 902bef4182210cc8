// A worker of the soak: stores each job once under its own name, then acknowledges. Killed at any time by its parent.
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Job, QueuePoller, RetryLater, SqsTransport } from 'fileworks-runtime';

const [endpoint = '', queueUrl = '', folder = ''] = process.argv.slice(2);

/** A conditional write, like If-None-Match on S3: the first one wins, and a repetition has no effect. */
function storeOnce(name: string): void {
  try {
    const file = openSync(join(folder, name), 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
    process.send?.({ repeated: name });
  }
}

const poller = new QueuePoller({
  queues: [
    {
      url: queueUrl,
      maxReceiveCount: 1_000,
      handler: async (job: Job, { signal }) => {
        const { name, ms } = job.body as { name: string; ms: number };
        if (Math.random() < 0.02) {
          throw new RetryLater({ seconds: 1 });
        }
        await new Promise((resolve) => setTimeout(resolve, ms));
        signal.throwIfAborted();
        storeOnce(name);
      },
    },
  ],
  concurrency: 10,
  transport: new SqsTransport({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'soak', secretAccessKey: 'soak' },
  }),
  receive: { waitTimeSeconds: 1 },
  visibility: { timeoutSeconds: 3 },
  shutdown: { stopTimeoutSeconds: 2 },
});
process.on(
  'SIGTERM',
  () => void poller.stop({ reason: 'SIGTERM' }).then(({ unconfirmed }) => process.exit(unconfirmed > 0 ? 75 : 0)),
);
await poller.start();
