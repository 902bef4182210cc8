import { recordMetrics } from '../../../src/runtime/jobs/worker-metrics.js';
import { QueuePoller } from '../../../src/runtime/queue/index.js';
import { EmfMetrics } from '../../../src/runtime/telemetry/index.js';
import { InMemoryQueues, ManualClock, objectCreatedEvent } from '../../../src/runtime/testing/index.js';

it('counts what a worker did and how its drain went, in one last line for the queue', async () => {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const queue = queues.create('jobs');
  const lines: Record<string, unknown>[] = [];
  const handler = async ({ object }: { readonly object: { readonly key: string } | undefined }) => {
    if (object?.key === 'stuck') {
      await new Promise(() => undefined);
    }
  };
  const poller = new QueuePoller({
    queues: [{ url: queue.url, handler, maxReceiveCount: 3 }],
    transport: queues,
    clock,
  });
  recordMetrics(
    poller,
    new EmfMetrics({
      clock,
      flushSeconds: 600,
      write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    }),
  );
  ['a', 'b', 'stuck'].forEach((key) => queue.send(objectCreatedEvent({ key })));
  await poller.start();
  await clock.advance(5_000);
  jest.spyOn(queues, 'changeVisibilityBatch').mockRejectedValue(new Error('ECONNREFUSED'));
  void poller.stop();
  await clock.advance(60_000);
  expect(lines).toEqual([
    expect.objectContaining({
      QueueName: 'jobs',
      MessagesReceived: 3,
      JobsSucceeded: 2,
      JobsReleased: 1,
      JobsAbandoned: 1,
      MessagesUnconfirmed: 1,
      ApiCalls: expect.any(Number) as number,
    }),
  ]);
});

it('records the age of the oldest message that it works on, each minute', async () => {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const queue = queues.create('jobs');
  const ages: unknown[] = [];
  let finish: () => void = () => undefined;
  const handler = async ({ object }: { readonly object: { readonly key: string } | undefined }) => {
    if (object?.key === 'old') {
      await new Promise<void>((resolve) => (finish = resolve));
    }
  };
  const poller = new QueuePoller({ queues: [{ url: queue.url, handler }], transport: queues, clock, concurrency: 2 });
  const write = (line: string) => ages.push((JSON.parse(line) as Record<string, unknown>)['OldestMessageAge']);
  recordMetrics(poller, new EmfMetrics({ clock, write }), clock);
  queue.send(objectCreatedEvent({ key: 'old' }));
  await clock.advance(90_000);
  queue.send(objectCreatedEvent({ key: 'new' }));
  await poller.start();
  await clock.advance(61_000);
  await clock.advance(60_000);
  finish();
  await clock.advance(120_000);
  void poller.stop();
  await clock.advance(60_000);
  expect(ages).toEqual([90, 150, 210, undefined, undefined]);
});
