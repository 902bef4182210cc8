import { ConfigurationError } from '../../../src/runtime/errors.js';
import { type JobHandler, QueuePoller, type QueuePollerOptions } from '../../../src/runtime/queue/index.js';
import { InMemoryQueues, ManualClock } from '../../../src/runtime/testing/index.js';

/** Three queues whose messages carry the name of their queue; handlers take a second. */
function setup(
  options: Partial<QueuePollerOptions> & {
    readonly weights?: readonly number[];
    readonly maxConcurrency?: number;
  } = {},
) {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const log: string[] = [];
  const handler: JobHandler = async ({ type }) => {
    log.push(String(type));
    await new Promise<void>((resolve) => clock.after(1_000, resolve));
  };
  const names = ['high', 'normal', 'low'];
  const { weights = [1, 1, 1], maxConcurrency, ...rest } = options;
  const created = names.map((name) => queues.create(name));
  const poller = new QueuePoller({
    queues: created.map(({ url }, index) => ({
      url,
      handler,
      weight: weights[index] ?? 1,
      maxReceiveCount: 3,
      ...(maxConcurrency === undefined || index > 0 ? {} : { maxConcurrency }),
    })),
    transport: queues,
    clock,
    prefetch: 20,
    ...rest,
  });
  const send = (index: number, count: number) => {
    for (let n = 0; n < count; n += 1) {
      created[index]?.send({ fileworksJob: 1, type: names[index] });
    }
  };
  const stop = async () => {
    const report = poller.stop();
    await clock.advance(60_000);
    return report;
  };
  return { clock, poller, log, send, stop };
}

const count = (log: readonly string[], name: string) => log.filter((entry) => entry === name).length;

it('shares the slots of busy queues by weight', async () => {
  const { clock, poller, log, send, stop } = setup({ concurrency: 1, weights: [5, 3, 1] });
  [0, 1, 2].forEach((index) => send(index, 40));
  await poller.start();
  await clock.advance(35_500);
  const shared = log.slice(0, 36);
  // The first job starts before the other queues have answered.
  expect(count(shared, 'high')).toBeGreaterThanOrEqual(19);
  expect(count(shared, 'normal')).toBeGreaterThanOrEqual(11);
  expect(count(shared, 'low')).toBeGreaterThanOrEqual(3);
  await stop();
});

it('gives all slots to the only busy queue', async () => {
  const { clock, poller, log, send, stop } = setup({ concurrency: 2, weights: [100, 1, 1] });
  send(2, 10);
  await poller.start();
  await clock.advance(5_500);
  expect(count(log, 'low')).toBe(10);
  await stop();
});

it('works on lower queues only while the higher ones are empty, under strict priority', async () => {
  const { clock, poller, log, send, stop } = setup({ concurrency: 1, strategy: 'strict' });
  send(0, 5);
  send(1, 5);
  send(2, 5);
  await poller.start();
  await clock.advance(16_000);
  expect(log).toEqual([
    ...Array<string>(5).fill('high'),
    ...Array<string>(5).fill('normal'),
    ...Array<string>(5).fill('low'),
  ]);
  await stop();
});

it('serves a higher queue first again as soon as it has work', async () => {
  const { clock, poller, log, send, stop } = setup({ concurrency: 1, strategy: 'strict' });
  send(2, 10);
  await poller.start();
  await clock.advance(3_500);
  send(0, 2);
  await clock.advance(2_500);
  expect(log.slice(0, 4)).toEqual(['low', 'low', 'low', 'low']);
  expect(log.slice(4, 6)).toEqual(['high', 'high']);
  await stop();
});

it('keeps a queue to its own limit of slots', async () => {
  const { clock, poller, log, send, stop } = setup({ concurrency: 10, maxConcurrency: 2 });
  send(0, 10);
  send(1, 8);
  await poller.start();
  await clock.advance(900);
  expect([count(log, 'high'), count(log, 'normal')]).toEqual([2, 8]);
  await stop();
});

it('never runs more jobs than it has slots', async () => {
  const { clock, poller, send, stop } = setup({ concurrency: 7 });
  const running: number[] = [];
  poller.on('job:started', () => running.push(poller.stats().running));
  [0, 1, 2].forEach((index) => send(index, 30));
  await poller.start();
  await clock.advance(14_000);
  expect(Math.max(...running)).toBe(7);
  await stop();
});

it.each<[string, object]>([
  ['expected `queues[0].handler` to be a function, got: undefined', { queues: [{ url: 'https://sqs/0/jobs' }] }],
  [
    'expected `queues[0].deadLetterQueueUrl` to be the URL of a queue, got: dlq',
    { queues: [{ url: 'https://sqs/0/jobs', handler: () => 0, deadLetterQueueUrl: 'dlq' }] },
  ],
  [
    'expected `queues[0].deadLetterQueueUrl` to be a FIFO queue like the queue itself, got: https://sqs/0/dlq; SQS moves messages between queues of one kind only',
    { queues: [{ url: 'https://sqs/0/jobs.fifo', handler: () => 0, deadLetterQueueUrl: 'https://sqs/0/dlq' }] },
  ],
  ['expected `strategy` to be weighted or strict, got: Strict', { strategy: 'Strict' }],
  [
    'expected `receive.waitTimeSeconds` to be at most 3, since a long poll that is open when the worker stops must answer before the release reserve begins, ' +
      'got: 20; lower it or raise `shutdown.stopTimeoutSeconds`',
    { receive: { waitTimeSeconds: 20 }, shutdown: { stopTimeoutSeconds: 6 } },
  ],
])('fails: %s', (problem, options) => {
  const queues = [{ url: 'https://sqs/0/jobs', handler: () => 0 }];
  expect(() => new QueuePoller({ queues, ...options })).toThrow(problem);
});

it('fails with every problem in its options', () => {
  let problems: unknown;
  try {
    new QueuePoller({
      queues: [{ url: 'nowhere', handler: () => undefined, weight: 0 }],
      concurrency: 0.5,
      visibility: { timeoutSeconds: 50_000 },
      shutdown: { stopTimeoutSeconds: 300 },
    });
  } catch (error) {
    problems = error instanceof ConfigurationError ? error.problems : error;
  }
  expect(problems).toEqual([
    'expected `queues[0].url` to be the URL of a queue, got: nowhere',
    'expected `queues[0].weight` to be a number from 1 to 1000, got: 0 (number)',
    'expected `concurrency` to be an integer from 1 to 10000, got: 0.5 (number)',
    'expected `visibility.timeoutSeconds` to be an integer from 3 to 43200, got: 50000 (number)',
    'expected `shutdown.stopTimeoutSeconds` to be a number from 2 to 120, got: 300 (number)',
  ]);
});
