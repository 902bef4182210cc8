import { type JobHandler, QueuePoller, type QueuePollerOptions } from '../../../src/runtime/queue/index.js';
import { InMemoryQueues, ManualClock } from '../../../src/runtime/testing/index.js';
import { DependencyUnavailable } from '../../../src/runtime/errors.js';
import { sleep } from '../../../src/runtime/support/clock.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A dependency that refuses until a time, and counts its calls. */
class Dependency {
  readonly calls: number[] = [];

  constructor(
    private readonly clock: ManualClock,
    public backAt: number,
  ) {}

  call(): void {
    this.calls.push(this.clock.now());
    if (this.clock.now() < this.backAt) {
      throw Object.assign(new Error('denied'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
    }
  }
}

function setup(name: 'jobs' | 'jobs.fifo', handler: JobHandler, options: Partial<QueuePollerOptions> = {}) {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const fifo = name === 'jobs.fifo';
  const deadLetterQueue = queues.create(fifo ? 'dead.fifo' : 'dead');
  // SQS counts every receive of a FIFO message, so there it is only the last resort.
  const queue = queues.create(name, { deadLetterQueue, maxReceiveCount: fifo ? 100 : 3 });
  const start = () => {
    const poller = new QueuePoller({
      queues: [{ url: queue.url, handler, deadLetterQueueUrl: deadLetterQueue.url, maxReceiveCount: 3 }],
      transport: queues,
      clock,
      concurrency: 5,
      ...options,
    });
    const stop = async () => {
      const report = poller.stop();
      await clock.advance(MINUTE);
      return report;
    };
    return { poller, stop };
  };
  const send = (type: string, groupId = 'g') =>
    queue.send({ fileworksJob: 1, type }, fifo ? { groupId, deduplicationId: type } : {});
  return { clock, queues, queue, deadLetterQueue, send, start, ...start() };
}

const types = (count: number) => Array.from({ length: count }, (_, index) => `job${index}`);

describe.each(['jobs', 'jobs.fifo'] as const)('%s', (name) => {
  test.each([30 * SECOND, 10 * MINUTE, HOUR, 6 * HOUR, 13 * HOUR])(
    'a dependency that is unavailable for %d ms costs no attempt and is called rarely, and work goes on when it is back',
    async (unavailableMs) => {
      const done: string[] = [];
      const attempts: number[] = [];
      const { clock, queue, deadLetterQueue, send, poller, stop } = setup(name, ({ type }, { attempt }) => {
        dependency.call();
        attempts.push(attempt);
        done.push(type ?? '');
      });
      const dependency = new Dependency(clock, unavailableMs);
      types(20).forEach((type, index) => send(type, `g${index % 4}`));
      await poller.start();
      await clock.advance(unavailableMs);
      const meanwhile = dependency.calls.length;
      // One call for each slot at first, then at most one in ten seconds.
      expect(meanwhile).toBeLessThanOrEqual(5 + unavailableMs / (10 * SECOND));
      await clock.advance(2 * MINUTE);
      expect([...done].sort()).toEqual(types(20).sort());
      expect(attempts).toEqual(Array(20).fill(1));
      if (name === 'jobs.fifo') {
        for (const group of [0, 1, 2, 3]) {
          const ofGroup = (all: readonly string[]) => all.filter((type) => Number(type.slice(3)) % 4 === group);
          expect(ofGroup(done)).toEqual(ofGroup(types(20)));
        }
      }
      await clock.advance(5 * SECOND);
      expect(queue.messages).toEqual([]);
      expect(deadLetterQueue.messages).toEqual([]);
      expect(poller.stats().unavailable).toEqual([]);
      await stop();
    },
    60_000,
  );

  test('one job that a dependency refuses every time uses up its attempts, and the others are done', async () => {
    const done = new Set<string>();
    const { clock, deadLetterQueue, send, poller, stop } = setup(name, ({ type }) => {
      if (type === 'job7') {
        throw Object.assign(new Error('denied'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
      }
      done.add(type ?? '');
    });
    types(100).forEach((type, index) => send(type, `g${index}`));
    await poller.start();
    await clock.advance(HOUR);
    expect(done.size).toBe(99);
    expect(deadLetterQueue.messages.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual(['job7']);
    expect(deadLetterQueue.messages[0]?.attributes['fileworks-poison-reason']?.StringValue).toBe(
      'failed 3 times: AccessDenied: denied',
    );
    await stop();
  });
});

test('with one slot, new jobs prove that the refused one is the cause', async () => {
  const done = new Set<string>();
  const { clock, deadLetterQueue, send, poller, stop } = setup(
    'jobs',
    ({ type }) => {
      if (type === 'job0') {
        throw new DependencyUnavailable('billing');
      }
      done.add(type ?? '');
    },
    { concurrency: 1 },
  );
  types(20).forEach((type) => send(type));
  await poller.start();
  await clock.advance(HOUR);
  expect(done.size).toBe(19);
  expect(deadLetterQueue.messages).toHaveLength(1);
  await stop();
});

test('a worker that stops meanwhile sends its jobs anew, with their id, age and attempts', async () => {
  const seen: unknown[] = [];
  const { clock, queue, deadLetterQueue, send, start } = setup('jobs', (job, { attempt }) => {
    seen.push({ id: job.id, sentAt: job.sentAt?.getTime(), attempt, attributes: job.attributes });
    dependency.call();
  });
  const dependency = new Dependency(clock, HOUR);
  const id = send('a');
  const sentAt = clock.date().getTime();
  for (let worker = 0; worker < 5; worker++) {
    const { poller, stop } = start();
    await poller.start();
    await clock.advance(5 * MINUTE);
    expect(await stop()).toMatchObject({ released: 1, unconfirmed: 0 });
    expect(queue.messages).toHaveLength(1);
  }
  const { poller, stop } = start();
  await poller.start();
  await clock.advance(HOUR);
  expect(queue.messages).toEqual([]);
  expect(deadLetterQueue.messages).toEqual([]);
  expect(seen.length).toBeGreaterThan(6);
  expect(seen).toEqual(Array(seen.length).fill({ id, sentAt, attempt: 1, attributes: {} }));
  await stop();
});

test('a drain waits until messages that could not start are sent anew', async () => {
  const clock = new ManualClock();
  class SlowQueues extends InMemoryQueues {
    override async send(...message: Parameters<InMemoryQueues['send']>): Promise<void> {
      await sleep(clock, SECOND);
      return super.send(...message);
    }
  }
  const queues = new SlowQueues(clock);
  const queue = queues.create('jobs', { maxReceiveCount: 1 });
  const poller = new QueuePoller({
    queues: [{ url: queue.url, handler: () => undefined, maxReceiveCount: 1 }],
    transport: queues,
    clock,
  });
  await poller.start();
  await clock.advance(SECOND);
  // A process exits when it is stopped
  const atTheEnd = poller.stop().then(() => queue.messages.map(({ attributes }) => Object.keys(attributes)));
  // Its open receive still brings messages
  types(3).forEach((type) => queue.send({ fileworksJob: 1, type }));
  await clock.advance(MINUTE);
  expect((await atTheEnd).filter((names) => names.includes('fileworks-resent'))).toHaveLength(3);
});

test('a job that used up an attempt before keeps that', async () => {
  const attempts: number[] = [];
  const { clock, send, start } = setup('jobs', (_, { attempt }) => {
    attempts.push(attempt);
    if (attempts.length === 1) {
      throw new Error('not yet');
    }
    dependency.call();
  });
  const dependency = new Dependency(clock, HOUR);
  send('a');
  for (let worker = 0; worker < 3; worker++) {
    const { poller, stop } = start();
    await poller.start();
    await clock.advance(5 * MINUTE);
    await stop();
  }
  expect(new Set(attempts.slice(1))).toEqual(new Set([2]));
});

test('a message that has as many attributes as SQS allows is released instead', async () => {
  const { clock, queue, start } = setup('jobs', () => dependency.call());
  const dependency = new Dependency(clock, HOUR);
  const attributes = Object.fromEntries(types(10).map((key) => [key, { DataType: 'String', StringValue: key }]));
  const id = queue.send({ fileworksJob: 1, type: 'a' }, { attributes });
  const { poller, stop } = start();
  await poller.start();
  await clock.advance(5 * MINUTE);
  await stop();
  expect(queue.messages).toMatchObject([{ id, attributes }]);
});

test.each([
  ['not JSON', 'x'],
  ['another version', '{"v":2,"id":"a","attempts":1}'],
  ['no id', '{"v":1,"attempts":1}'],
  ['an odd id', '{"v":1,"id":"a b","attempts":1}'],
  ['a negative number of attempts', '{"v":1,"id":"a","attempts":-1}'],
  ['an odd time', '{"v":1,"id":"a","attempts":1,"sentAt":"now"}'],
  ['null', 'null'],
])('an attribute of a message sent anew that is %s is ignored', async (_, text) => {
  const seen: unknown[] = [];
  const { clock, queue, poller, stop } = setup('jobs', (job, { attempt }) => {
    seen.push({ id: job.id, attempt });
  });
  const id = queue.send(
    { fileworksJob: 1, type: 'a' },
    { attributes: { 'fileworks-resent': { DataType: 'String', StringValue: text } } },
  );
  await poller.start();
  await clock.advance(SECOND);
  expect(seen).toEqual([{ id, attempt: 1 }]);
  await stop();
});

test('the jobs of another queue go on', async () => {
  const done: string[] = [];
  const { clock, queues, queue, stop: stopFirst } = setup('jobs', () => undefined);
  await stopFirst();
  const other = queues.create('other');
  const dependency = new Dependency(clock, HOUR);
  const poller = new QueuePoller({
    queues: [
      { url: queue.url, handler: () => dependency.call() },
      { url: other.url, handler: ({ type }) => done.push(type ?? '') },
    ],
    transport: queues,
    clock,
    concurrency: 2,
  });
  types(10).forEach((type) => {
    queue.send({ fileworksJob: 1, type });
    other.send({ fileworksJob: 1, type });
  });
  await poller.start();
  await clock.advance(MINUTE);
  expect(done).toHaveLength(10);
  expect(poller.stats().unavailable).toEqual([
    { dependency: 'AWS', unavailableMs: expect.any(Number), sources: ['jobs'] },
  ]);
  const stopped = poller.stop();
  await clock.advance(MINUTE);
  await stopped;
});

test('a probe that works for hours does not hold the others', async () => {
  const started: number[] = [];
  const { clock, send, poller, stop } = setup('jobs', async (_, { signal }) => {
    dependency.call();
    started.push(clock.now());
    await new Promise<void>((resolve) => {
      clock.after(3 * HOUR, resolve);
      signal.addEventListener('abort', () => resolve());
    });
  });
  const dependency = new Dependency(clock, 10 * MINUTE);
  types(5).forEach((type) => send(type));
  await poller.start();
  await clock.advance(13 * MINUTE);
  expect(started).toHaveLength(5);
  await stop();
});

test.each([60 * SECOND, 150 * SECOND, 290 * SECOND])(
  'a dependency that hangs for %d ms before each failure is unavailable without a break',
  async (hangMs) => {
    let isBack = false;
    const done: string[] = [];
    const changes: string[] = [];
    const { clock, deadLetterQueue, send, poller, stop } = setup('jobs', async ({ type }, { signal }) => {
      if (!isBack) {
        await sleep(clock, hangMs, signal);
        throw new DependencyUnavailable('table');
      }
      done.push(type ?? '');
    });
    poller.on('dependency:unavailable', () => changes.push('unavailable'));
    poller.on('dependency:recovered', () => changes.push('recovered'));
    types(10).forEach((type) => send(type));
    await poller.start();
    await clock.advance(2 * HOUR);
    expect(changes).toEqual(['unavailable']);
    isBack = true;
    await clock.advance(hangMs + 2 * MINUTE);
    expect(done.toSorted()).toEqual(types(10).toSorted());
    expect(deadLetterQueue.messages).toEqual([]);
    await stop();
  },
);

test('after ten minutes the jobs that wait no longer protect the task from scale-in', async () => {
  const calls: string[] = [];
  const { clock, send, poller, stop } = setup('jobs', () => dependency.call(), {
    protection: {
      renewEveryMs: 5 * MINUTE,
      releaseAfterIdleMs: 10 * SECOND,
      acquire: () => {
        calls.push('acquire');
        return Promise.resolve('granted' as const);
      },
      release: () => {
        calls.push('release');
        return Promise.resolve();
      },
    },
  });
  const dependency = new Dependency(clock, HOUR);
  types(5).forEach((type) => send(type));
  await poller.start();
  await clock.advance(9 * MINUTE);
  expect(calls).not.toContain('release');
  await clock.advance(3 * MINUTE);
  expect(calls.at(-1)).toBe('release');
  const until = calls.length;
  await clock.advance(47 * MINUTE);
  expect(calls).toHaveLength(until);
  await stop();
});
