import { type QueueTransport, QueuePoller } from '../../../src/runtime/queue/index.js';
import { InMemoryQueues, ManualClock, objectCreatedEvent } from '../../../src/runtime/testing/index.js';

it('does not repeat a receive at once on a server without long polling, and finds a message within a second', async () => {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const queue = queues.create('jobs');
  const receive = queues.receive.bind(queues);
  const shortPolling: QueueTransport['receive'] = (request) => receive({ ...request, waitTimeSeconds: 0 });
  let receives = 0;
  jest.spyOn(queues, 'receive').mockImplementation((request) => {
    receives += 1;
    // A loop of promises would never let the test end.
    return receives > 10_000 ? new Promise(() => undefined) : shortPolling(request);
  });
  const done: number[] = [];
  const poller = new QueuePoller({
    queues: [{ url: queue.url, handler: () => done.push(clock.now()), maxReceiveCount: 3 }],
    transport: queues,
    clock,
  });
  await poller.start();
  await clock.advance(60_000);
  expect(receives).toBeGreaterThanOrEqual(60);
  expect(receives).toBeLessThanOrEqual(130);
  queue.send(objectCreatedEvent({ key: 'a' }));
  await clock.advance(1_000);
  expect(done).toHaveLength(1);
  const report = poller.stop();
  await clock.advance(60_000);
  await report;
});
