import { RetryLater } from '../../../src/runtime/errors.js';
import { type JobHandler, QueuePoller, type QueuePollerOptions } from '../../../src/runtime/queue/index.js';
import { InMemoryQueues, ManualClock } from '../../../src/runtime/testing/index.js';

function setup(handler: JobHandler, options: Partial<QueuePollerOptions> = {}, withDeadLetterUrl = true) {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const deadLetterQueue = queues.create('orders-dlq.fifo');
  const queue = queues.create('orders.fifo', { deadLetterQueue, maxReceiveCount: 3 });
  const poller = new QueuePoller({
    queues: [{ url: queue.url, handler, ...(withDeadLetterUrl ? { deadLetterQueueUrl: deadLetterQueue.url } : {}) }],
    transport: queues,
    clock,
    retry: () => 10,
    ...options,
  });
  const send = (type: string, groupId: string) =>
    queue.send({ fileworksJob: 1, type }, { groupId, deduplicationId: type });
  const stop = async () => {
    const report = poller.stop();
    await clock.advance(60_000);
    return report;
  };
  return { clock, queues, queue, deadLetterQueue, poller, send, stop };
}

it('runs one message of a group at a time and groups side by side', async () => {
  const log: string[] = [];
  const { clock, poller, send, stop } = setup(async ({ type }) => {
    log.push(`+${type}`);
    await new Promise<void>((resolve) => clock.after(1_000, resolve));
    log.push(`-${type}`);
  });
  ['a1', 'a2', 'b1', 'b2'].forEach((type) => send(type, type.charAt(0)));
  await poller.start();
  await clock.advance(5_000);
  expect(log.slice(0, 2)).toEqual(['+a1', '+b1']);
  expect(log.filter((entry) => entry.includes('a'))).toEqual(['+a1', '-a1', '+a2', '-a2']);
  expect(log.filter((entry) => entry.includes('b'))).toEqual(['+b1', '-b1', '+b2', '-b2']);
  await stop();
});

it('keeps the order of a group across failures, with its later messages leased', async () => {
  const log: string[] = [];
  const { clock, queue, poller, send, stop } = setup(
    ({ type }, { attempt }) => {
      log.push(`${type}/${attempt}`);
      if (type === 'a1' && attempt < 3) {
        throw new Error('not yet');
      }
    },
    { retry: () => 200 },
  );
  ['a1', 'a2', 'a3', 'b1'].forEach((type) => send(type, type.charAt(0)));
  await poller.start();
  await clock.advance(390_000);
  expect(log).toEqual(['a1/1', 'b1/1', 'a1/2']);
  expect(queue.inFlight).toBe(3);
  expect(queue.messages.map(({ receiveCount }) => receiveCount)).toEqual([1, 1, 1]);
  await clock.advance(30_000);
  expect(log).toEqual(['a1/1', 'b1/1', 'a1/2', 'a1/3', 'a2/1', 'a3/1']);
  expect(queue.messages).toEqual([]);
  await stop();
});

it('moves a message to the dead-letter queue after its last attempt, and then its followers run', async () => {
  const log: string[] = [];
  const { clock, deadLetterQueue, poller, send, stop } = setup(({ type }) => {
    log.push(String(type));
    if (type === 'a1') {
      throw new Error('never');
    }
  });
  send('a1', 'a');
  send('a2', 'a');
  await poller.start();
  await clock.advance(60_000);
  expect(log).toEqual(['a1', 'a1', 'a1', 'a2']);
  expect(deadLetterQueue.messages[0]?.attributes['fileworks-poison-reason']?.StringValue).toBe('failed 3 times: never');
  await stop();
});

it('does not hammer a dead-letter queue that is unavailable: the group is released and waits', async () => {
  const { clock, queues, poller, send, stop } = setup(() => {
    throw new Error('never');
  });
  const move = jest.spyOn(queues, 'send').mockRejectedValue(new Error('AccessDenied'));
  send('a1', 'a');
  await poller.start();
  await clock.advance(25_000);
  expect(move.mock.calls.length).toBeLessThanOrEqual(2);
  await stop();
});

it('retries each group at its own time, also when a timer fires too early', async () => {
  const log: string[] = [];
  const delays: Record<string, number> = { a1: 10, b1: 11 };
  const { clock, poller, send, stop } = setup(({ type }, { attempt }) => {
    log.push(`${type}/${attempt} at ${clock.now()}`);
    if (attempt === 1) {
      throw new RetryLater({ seconds: delays[type ?? ''] });
    }
  });
  // As `setTimeout` does at times: a fraction of a millisecond before the time.
  const after = clock.after.bind(clock);
  let early = true;
  jest.spyOn(clock, 'after').mockImplementation((ms, callback) => {
    const isRetry = early && ms === 10_000;
    early &&= !isRetry;
    return after(isRetry ? ms - 0.25 : ms, callback);
  });
  send('a1', 'a');
  send('b1', 'b');
  await poller.start();
  await clock.advance(20_000);
  expect(early).toBe(false);
  expect(log).toEqual(['a1/1 at 0', 'b1/1 at 0', 'a1/2 at 10000', 'b1/2 at 11000']);
  await stop();
});

it('starts a group at once whose messages were lost during a backoff', async () => {
  const log: string[] = [];
  const { clock, queues, queue, poller, send, stop } = setup(
    ({ type }, { attempt }) => {
      log.push(`${type}/${attempt}`);
      if (attempt === 1) {
        throw new Error('not yet');
      }
    },
    { retry: () => 3_000 },
  );
  send('a1', 'a');
  await poller.start();
  await clock.advance(1_000);
  jest
    .spyOn(queues, 'changeVisibilityBatch')
    .mockResolvedValueOnce([{ index: 0, code: 'ReceiptHandleIsInvalid', message: '' }]);
  await clock.advance(300_000);
  expect(log).toEqual(['a1/1', 'a1/2']);
  expect(queue.messages).toEqual([]);
  await stop();
});

it('gives a whole group back, in order, when the worker stops after a failure', async () => {
  const log: string[] = [];
  const { clock, queues, queue, poller, send } = setup(({ type }) => {
    log.push(String(type));
    throw new Error('not now');
  });
  send('a1', 'a');
  send('a2', 'a');
  await poller.start();
  await clock.advance(1_000);
  const stopped = poller.stop();
  await clock.advance(30_000);
  await stopped;
  expect(queue.visible).toBe(2);
  const second = new QueuePoller({
    queues: [{ url: queue.url, handler: ({ type }) => log.push(String(type)) }],
    transport: queues,
    clock,
  });
  await second.start();
  await clock.advance(5_000);
  expect(log).toEqual(['a1', 'a1', 'a2']);
  const end = second.stop();
  await clock.advance(30_000);
  await end;
});

it('keeps the time of a RetryLater when the worker stops during the wait', async () => {
  const log: string[] = [];
  const { clock, queue, poller, send } = setup(({ type }) => {
    log.push(String(type));
    throw new RetryLater({ seconds: 3_600 });
  });
  ['a1', 'a2'].forEach((type) => send(type, 'a'));
  await poller.start();
  await clock.advance(600_000);
  const report = poller.stop();
  await clock.advance(60_000);
  expect(await report).toMatchObject({ released: 2, unconfirmed: 0 });
  expect(log).toEqual(['a1']);
  expect(queue.take(10, 30)).toEqual([]);
  await clock.advance(2_930_000);
  expect(queue.take(10, 30)).toEqual([]);
  await clock.advance(20_000);
  expect(queue.take(10, 30).map(({ body }) => JSON.parse(body) as object)).toMatchObject([
    { type: 'a1' },
    { type: 'a2' },
  ]);
});

it('sets the followers of a damaged message aside with it, and no other group', async () => {
  const log: string[] = [];
  const { clock, queues, queue, poller, send, stop } = setup(({ type }) => void log.push(String(type)));
  ['a1', 'a2', 'b1', 'a3'].forEach((type) => send(type, type.charAt(0)));
  const receive = queues.receive.bind(queues);
  jest
    .spyOn(queues, 'receive')
    .mockImplementationOnce(async (request) =>
      (await receive(request)).map((message) =>
        message.body.includes('a2') ? { ...message, bodyMd5: 'something else' } : message,
      ),
    );
  await poller.start();
  await clock.advance(60_000);
  expect(log).toEqual(['a1', 'b1']);
  await clock.advance(120_000);
  expect(log).toEqual(['a1', 'b1', 'a2', 'a3']);
  expect(queue.messages).toEqual([]);
  await stop();
});

it('lets no follower overtake a message whose lease was lost', async () => {
  const log: string[] = [];
  const { clock, queues, poller, send, stop } = setup(async ({ type }, { signal, attempt }) => {
    log.push(`${type}/${attempt}`);
    if (type === 'a1' && attempt === 1) {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    }
  });
  const refuse = jest.spyOn(queues, 'changeVisibilityBatch');
  refuse.mockImplementationOnce((_, entries) =>
    Promise.resolve(entries.map((_entry, index) => ({ index, code: 'ReceiptHandleIsInvalid', message: '' }))),
  );
  send('a1', 'a');
  send('a2', 'a');
  await poller.start();
  await clock.advance(400_000);
  expect(log).toEqual(['a1/1', 'a1/2', 'a2/2']);
  await stop();
});

it('waits for the delete of a message before it starts the next of its group', async () => {
  const log: string[] = [];
  const { clock, queues, poller, send, stop } = setup(({ type }) => log.push(String(type)));
  const original = queues.deleteBatch.bind(queues);
  jest.spyOn(queues, 'deleteBatch').mockImplementation(async (...call) => {
    await new Promise<void>((resolve) => clock.after(3_000, resolve));
    log.push('deleted');
    return original(...call);
  });
  send('a1', 'a');
  send('a2', 'a');
  await poller.start();
  await clock.advance(10_000);
  expect(log).toEqual(['a1', 'deleted', 'a2', 'deleted']);
  await stop();
});

it('refuses to hand off, which would break the order', async () => {
  let refusal: unknown;
  const { clock, poller, send, stop } = setup(async (_, context) => {
    refusal = await context.handOff({}).catch((error: unknown) => error);
  });
  send('a1', 'a');
  await poller.start();
  await clock.advance(1_000);
  expect(refusal).toMatchObject({ code: 'ERR_HAND_OFF_REFUSED' });
  await stop();
});
