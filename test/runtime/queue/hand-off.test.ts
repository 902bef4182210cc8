import { type JobHandler, QueuePoller } from '../../../src/runtime/queue/index.js';
import { InMemoryQueues, ManualClock, objectCreatedEvent } from '../../../src/runtime/testing/index.js';

function setup(handler: JobHandler) {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const queue = queues.create('jobs');
  const poller = new QueuePoller({
    queues: [{ url: queue.url, handler, maxReceiveCount: 3 }],
    transport: queues,
    clock,
    shutdown: { stopTimeoutSeconds: 30, releaseReserveSeconds: 6 },
  });
  const stop = async () => {
    const report = poller.stop();
    await clock.advance(60_000);
    return report;
  };
  return { clock, queues, queue, poller, stop };
}

it('keeps the attributes of the first message, as far as SQS has room for them', async () => {
  const seen: Record<string, string | undefined>[] = [];
  const { clock, queue, poller, stop } = setup(async ({ attributes }, context) => {
    seen.push(Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value?.StringValue])));
    if (context.generation === 0) {
      await context.handOff({ page: 1 });
    }
  });
  const attributes = Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [`a${n}`, { DataType: 'String', StringValue: String(n) }]),
  );
  queue.send(objectCreatedEvent({ key: 'a', id: 'event-1' }), { attributes });
  await poller.start();
  await clock.advance(5_000);
  expect(Object.keys(seen[1] ?? {})).toHaveLength(10);
  expect(seen[1]).toMatchObject({ a0: '0', a8: '8', 'fileworks-correlation-id': 'event-1' });
  await stop();
});

describe('while the worker stops', () => {
  const handOffAtShutdown: JobHandler = async (_, context) => {
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    await context.handOff({ page: 1 });
  };

  it('keeps the message of a job whose continuation was under way at the end and did not arrive', async () => {
    const { clock, queues, queue, poller } = setup(handOffAtShutdown);
    jest.spyOn(queues, 'send').mockImplementation(async () => {
      await new Promise<void>((resolve) => clock.after(1_500, resolve));
      throw new Error('ECONNRESET');
    });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(1_000);
    const report = poller.stop();
    await clock.advance(30_000);
    expect(queue.messages).toHaveLength(1);
    expect(queue.visible).toBe(1);
    expect(await report).toMatchObject({ released: 1 });
  });

  it('deletes the message of a job whose continuation arrived late', async () => {
    const { clock, queues, queue, poller } = setup(handOffAtShutdown);
    const original = queues.send.bind(queues);
    jest.spyOn(queues, 'send').mockImplementation(async (...call) => {
      await new Promise<void>((resolve) => clock.after(1_500, resolve));
      await original(...call);
    });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(1_000);
    const report = poller.stop();
    await clock.advance(30_000);
    expect(queue.messages.map(({ body }) => JSON.parse(body) as object)).toEqual([
      expect.objectContaining({ generation: 1 }),
    ]);
    expect(await report).toMatchObject({ finished: 1, released: 0 });
  });
});

it('acknowledges nothing when the continuation of a handler that did not wait for it is lost', async () => {
  const { clock, queues, queue, poller, stop } = setup((_, context) => {
    context.handOff({ page: 1 }).catch(() => undefined);
  });
  jest.spyOn(queues, 'send').mockRejectedValue(new Error('ECONNRESET'));
  queue.send(objectCreatedEvent({ key: 'a' }));
  await poller.start();
  await clock.advance(1_000);
  expect(queue.deleted).toEqual([]);
  await stop();
  expect(queue.messages).toHaveLength(1);
});
