import { DependencyUnavailable, PoisonMessage } from '../../../src/runtime/errors.js';
import { QueuePoller } from '../../../src/runtime/queue/index.js';
import { InMemoryQueues, ManualClock } from '../../../src/runtime/testing/index.js';
import { THROWN } from '../support/thrown-values.js';

const HOUR = 3_600_000;
const GOOD = Array.from({ length: 99 }, (_, index) => `good${index}`);
const job = (type: string, payload?: unknown) => ({ fileworksJob: 1, type, payload });

interface Bad {
  /** Of the message. */
  readonly body?: unknown;
  /** What the handler does with it. */
  readonly handle?: () => unknown;
}

const raise = (value: () => unknown) => () => {
  throw value();
};

/** Ways of a job to be bad. */
const BAD: readonly (readonly [string, Bad])[] = [
  ...THROWN.map(([what, value]): [string, Bad] => [`throws ${what}`, { handle: raise(value) }]),
  ['throws an error', { handle: raise(() => new Error('wrong')) }],
  ['rejects', { handle: () => Promise.reject(new Error('wrong')) }],
  ['says that no attempt can succeed', { handle: raise(() => new PoisonMessage('wrong')) }],
  [
    'is denied by a dependency that lets the others through',
    {
      handle: raise(() =>
        Object.assign(new Error('denied'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }),
      ),
    },
  ],
  ['has a dependency of its own that is unavailable', { handle: raise(() => new DependencyUnavailable('its own')) }],
  ['hangs until its time is over', { handle: () => new Promise(() => undefined) }],
  ['is no JSON', { body: '{"fileworksJob":1,' }],
  ['is empty', { body: ' ' }],
  ['is a number', { body: 7 }],
  ['has no shape that is known', { body: { order: 1 } }],
  ['is a job of a version that does not exist', { body: { fileworksJob: 'one', type: 'bad' } }],
  ['has a type that is no text', { body: { fileworksJob: 1, type: { toString: 1 } } }],
  [
    'is an S3 event without a key',
    { body: { source: 'aws.s3', 'detail-type': 'Object Created', detail: { bucket: { name: 'b' } } } },
  ],
  ['is a continuation without a job', { body: { fileworksContinuation: 1 } }],
];

describe.each(['jobs', 'jobs.fifo'])('of 100 messages in %s, one of which', (name) => {
  test.each(BAD)(
    '%s, 99 are done and one is in the dead-letter queue',
    async (_, { body = job('bad'), handle }) => {
      const clock = new ManualClock();
      const queues = new InMemoryQueues(clock);
      const fifo = name.endsWith('.fifo');
      const deadLetterQueue = queues.create(fifo ? 'dead.fifo' : 'dead');
      const queue = queues.create(name, { deadLetterQueue, maxReceiveCount: fifo ? 100 : 3 });
      const done = new Map<string, number>();
      const poller = new QueuePoller({
        queues: [
          {
            url: queue.url,
            deadLetterQueueUrl: deadLetterQueue.url,
            maxReceiveCount: 3,
            handler: ({ type = '' }) => {
              if (GOOD.includes(type)) {
                done.set(type, (done.get(type) ?? 0) + 1);
                return undefined;
              }
              return handle?.();
            },
          },
        ],
        transport: queues,
        clock,
        concurrency: 5,
        handlerTimeoutSeconds: 300,
      });
      const send = (one: unknown, index: number) =>
        queue.send(one, fifo ? { groupId: `g${index % 25}`, deduplicationId: `${index}` } : {});
      [...GOOD.slice(0, 50).map((type) => job(type)), body, ...GOOD.slice(50).map((type) => job(type))].forEach(send);
      await poller.start();
      await clock.advance(3 * HOUR);
      const stopped = poller.stop();
      await clock.advance(60_000);
      await stopped;
      expect([...done.keys()].sort()).toEqual([...GOOD].sort());
      expect(new Set(done.values())).toEqual(new Set([1]));
      expect(queue.messages).toEqual([]);
      expect(deadLetterQueue.messages.map((message) => message.body)).toEqual([
        typeof body === 'string' ? body : JSON.stringify(body),
      ]);
      expect(deadLetterQueue.messages[0].attributes['fileworks-poison-reason']?.StringValue).toMatch(/\S/);
    },
    60_000,
  );
});
