import { InMemoryQueues, ManualClock } from '../../../src/runtime/testing/index.js';

const HOUR = 3_600_000;

function setup(name = 'jobs', maxReceiveCount = 3) {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const deadLetterQueue = queues.create(name.replace('jobs', 'dead'));
  const queue = queues.create(name, { deadLetterQueue, maxReceiveCount });
  const take = (max = 10, visibility = 30) => queue.take(max, visibility);
  return { clock, queues, queue, deadLetterQueue, take };
}

it('hides what it delivers for the visibility timeout, and counts deliveries', async () => {
  const { clock, queue, take } = setup();
  queue.send('a');
  expect(take().map(({ receiveCount }) => receiveCount)).toEqual([1]);
  expect(take()).toEqual([]);
  await clock.advance(30_000);
  expect(take().map(({ receiveCount }) => receiveCount)).toEqual([2]);
});

it('deletes with the newest receipt handle only, and refuses a handle that it never gave', async () => {
  const { clock, queue, take } = setup();
  queue.send('a');
  const [old] = take();
  await clock.advance(30_000);
  const [newest] = take();
  expect(queue.delete(old.receiptHandle ?? '')).toBeUndefined();
  expect(queue.messages).toHaveLength(1);
  expect(queue.delete(newest.receiptHandle ?? '')).toBeUndefined();
  expect(queue.messages).toEqual([]);
  expect(queue.delete('nonsense')).toMatchObject({ code: 'ReceiptHandleIsInvalid' });
});

it('extends up to 12 hours from the receive, and refuses more in the words of SQS', async () => {
  const { clock, queue, take } = setup();
  queue.send('a');
  const handle = take()[0]?.receiptHandle ?? '';
  expect(queue.changeVisibility(handle, 12 * 3_600)).toBeUndefined();
  await clock.advance(6 * HOUR);
  expect(queue.changeVisibility(handle, 6 * 3_600)).toBeUndefined();
  expect(queue.changeVisibility(handle, 6 * 3_600 + 1)).toMatchObject({
    message: expect.stringContaining('beyond the limit [43200 seconds]') as string,
  });
});

it('refuses to extend what is visible again', async () => {
  const { clock, queue, take } = setup();
  queue.send('a');
  const handle = take()[0]?.receiptHandle ?? '';
  await clock.advance(30_000);
  expect(queue.changeVisibility(handle, 30)).toMatchObject({ code: 'InvalidParameterValue' });
});

it('moves a message to the dead-letter queue at the receive after its last, under its id and with its time', async () => {
  const { clock, queue, deadLetterQueue, take } = setup('jobs', 2);
  const id = queue.send('a');
  const sentAt = clock.date().getTime();
  for (let n = 0; n < 2; n += 1) {
    expect(take()).toHaveLength(1);
    await clock.advance(30_000);
  }
  expect(deadLetterQueue.messages).toEqual([]);
  expect(take()).toEqual([]);
  expect(deadLetterQueue.messages).toMatchObject([{ id, sentAt, body: 'a', receiveCount: 0 }]);
});

describe('a FIFO queue', () => {
  it('holds back a group of which a message is in flight, and no other group', () => {
    const { queue, take } = setup('jobs.fifo');
    queue.send('a1', { groupId: 'a' });
    queue.send('b1', { groupId: 'b' });
    expect(take(1).map(({ body }) => body)).toEqual(['a1']);
    queue.send('a2', { groupId: 'a' });
    expect(take().map(({ body }) => body)).toEqual(['b1']);
  });

  it('takes a message with the same deduplication id once in five minutes, and answers with the id of the first', async () => {
    const { clock, queue } = setup('jobs.fifo');
    const send = () => queue.send('a', { groupId: 'a', deduplicationId: 'd' });
    const first = send();
    expect(send()).toBe(first);
    expect(queue.messages).toHaveLength(1);
    await clock.advance(300_000);
    expect(send()).not.toBe(first);
    expect(queue.messages).toHaveLength(2);
  });

  it('wants a group', () => {
    const { queue } = setup('jobs.fifo');
    expect(() => queue.send('a')).toThrow('MissingParameter');
  });
});

it('wakes a long poll when a message comes', async () => {
  const { clock, queues, queue } = setup();
  const request = {
    queueUrl: queue.url,
    maxMessages: 10,
    waitTimeSeconds: 20,
    visibilityTimeoutSeconds: 30,
    signal: new AbortController().signal,
  };
  const receive = queues.receive(request).then((messages) => [clock.now(), messages.length]);
  await clock.advance(7_000);
  queue.send('a');
  expect(await receive).toEqual([7_000, 1]);
});
