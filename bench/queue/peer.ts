// One consumer at work: reads a run from its argument, works, and prints what it measured as JSON.
import { SQSClient, type Message } from '@aws-sdk/client-sqs';
import { QueuePoller, SqsTransport } from 'fileworks-runtime';
import { Consumer } from 'sqs-consumer';
import { Squiss } from 'squiss-ts';
import type { Measured, Run } from './runs.ts';

const run = JSON.parse(process.argv[2] ?? '{}') as Run;
const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
const config = { region: 'eu-west-1', endpoint: run.endpoint, credentials };

let handled = 0;
let busy = 0;
let busyMs = 0;
let busySince = performance.now();

/** Adds up how long how many handlers were at work. */
function account(change: number): void {
  const now = performance.now();
  busyMs += busy * (now - busySince);
  busySince = now;
  busy += change;
}

/** Slow jobs come in a fixed rhythm, so that every consumer gets the same mix. */
function handlerMs(): number {
  const { fastMs, slowMs, slowEvery } = run.handler;
  return slowEvery > 0 && handled % slowEvery === slowEvery - 1 ? slowMs : fastMs;
}

async function handle(): Promise<void> {
  const ms = handlerMs();
  handled += 1;
  if (ms > 0) {
    account(1);
    await new Promise((resolve) => setTimeout(resolve, ms));
    account(-1);
  }
}

const starters: Record<Run['peer'], () => void> = {
  fileworks: () => {
    void new QueuePoller({
      queues: [{ url: run.queueUrl, handler: handle, maxReceiveCount: 3 }],
      concurrency: run.concurrency,
      transport: new SqsTransport(config),
    }).start();
  },
  // Ten messages per consumer is its limit; more slots are more consumers.
  'sqs-consumer': () => {
    for (let slots = run.concurrency; slots > 0; slots -= 10) {
      Consumer.create({
        queueUrl: run.queueUrl,
        sqs: new SQSClient(config),
        batchSize: Math.min(10, slots),
        handleMessage: async (message: Message) => {
          await handle();
          return message;
        },
      }).start();
    }
  },
  'sqs-consumer batch': () => {
    for (let slots = run.concurrency; slots > 0; slots -= 10) {
      Consumer.create({
        queueUrl: run.queueUrl,
        sqs: new SQSClient(config),
        batchSize: Math.min(10, slots),
        handleMessageBatch: async (messages: Message[]) => {
          await Promise.all(messages.map(handle));
          return messages;
        },
      }).start();
    }
  },
  'squiss-ts': () => {
    const squiss = new Squiss({ awsConfig: config, queueUrl: run.queueUrl, maxInFlight: run.concurrency });
    squiss.on('message', (message) => {
      void handle().then(() => message.del());
    });
    void squiss.start();
  },
};

async function calls(): Promise<number> {
  const answer = await fetch(`${run.endpoint}/${run.queueUrl.split('/').pop() ?? ''}`);
  return ((await answer.json()) as { calls: number }).calls;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

starters[run.peer]();
await pause(run.warmUpMs);
globalThis.gc?.();
const callsBefore = await calls();
account(0);
const before = {
  handled,
  busyMs,
  at: performance.now(),
  cpu: process.cpuUsage(),
  heap: process.memoryUsage().heapUsed,
};
if (run.messages === undefined) {
  await pause(run.measureMs);
} else {
  while (handled - before.handled < run.messages) {
    await pause(20);
  }
}
account(0);
const windowMs = performance.now() - before.at;
const cpu = process.cpuUsage(before.cpu);
const done = handled - before.handled;
const callsDone = (await calls()) - callsBefore;
globalThis.gc?.();
const measured: Measured = {
  slotUse: (busyMs - before.busyMs) / (run.concurrency * windowMs),
  perSecond: (done * 1_000) / windowMs,
  callsPerMessage: callsDone / done,
  cpuMsPerMessage: (cpu.user + cpu.system) / 1_000 / done,
  heapGrowthBytesPerMessage: (process.memoryUsage().heapUsed - before.heap) / done,
};
console.log(JSON.stringify(measured));
process.exit(0);
