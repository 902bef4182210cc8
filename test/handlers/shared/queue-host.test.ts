import { QueueDoesNotExist, type SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DispatchQueue } from '../../../src/contract/dispatch-config';
import { QueueHost } from '../../../src/handlers/shared/queue-host';
import { Dispatcher, type FileContext, type FileRow, TaskSupervisor } from '../../../src/runtime/dispatch/index.js';
import { HandlerTimeout, PoisonMessage, Shutdown } from '../../../src/runtime/errors.js';
import { fileTaskHandler } from '../../../src/runtime/jobs/file-task-handler.js';
import { QueuePoller } from '../../../src/runtime/queue/index.js';
import { InMemoryQueues, ManualClock } from '../../../src/runtime/testing/index.js';
import { MemoryStore } from '../../runtime/dispatch/support/memory-store';
import { arrival, fileIn } from '../../runtime/dispatch/support/rows';

const file = fileIn('starting', { id: 'abc', epoch: 3, fence: 9 });

function hostWith(
  send: (input: SendMessageCommand['input']) => unknown,
  queue: DispatchQueue = { queueUrl: 'url', fifo: false },
): QueueHost {
  const client = {
    send: async ({ input }: SendMessageCommand) => Promise.resolve(send(input)),
  } as unknown as SQSClient;
  return new QueueHost({ client, queues: { A: queue } });
}

test.each([
  ['a standard queue', { queueUrl: 'url', fifo: false }, {}],
  [
    'a FIFO queue, in which no file waits for another',
    { queueUrl: 'url.fifo', fifo: true },
    { MessageGroupId: 'abc', MessageDeduplicationId: 'abc-3' },
  ],
])('sends a worker of %s all that it needs', async (_, queue, more) => {
  const sent: SendMessageCommand['input'][] = [];
  await expect(hostWith((input) => sent.push(input), queue).launch(file)).resolves.toEqual({ kind: 'sent' });
  expect(sent).toEqual([{ QueueUrl: queue.queueUrl, MessageBody: expect.any(String) as string, ...more }]);
  expect(JSON.parse(sent[0].MessageBody!)).toEqual({
    fileworksJob: 1,
    type: 'A',
    correlationId: 'event-1',
    object: { bucket: 'inbox', key: 'a/one.csv' },
    payload: { fileId: 'abc', epoch: 3, fence: 9 },
  });
});

test.each<[string, Error, string]>([
  ['a queue that does not exist', new QueueDoesNotExist({ $metadata: {}, message: 'gone' }), 'misconfigured'],
  ['throttling', Object.assign(new Error('slow down'), { name: 'RequestThrottled', $fault: 'client' }), 'throttled'],
  ['a broken connection', new Error('socket hang up'), 'unknown'],
])('returns the result of a message: %s', async (_, error, kind) => {
  await expect(hostWith(() => Promise.reject(error)).launch(file)).resolves.toMatchObject({ kind });
});

describe('a worker of the queue', () => {
  let store: MemoryStore;
  let clock: ManualClock;
  let queues: InMemoryQueues;
  let supervisor: TaskSupervisor;
  const queueOf = () => queues.create('files');
  let queue: ReturnType<typeof queueOf>;

  beforeEach(async () => {
    store = new MemoryStore();
    clock = new ManualClock();
    queues = new InMemoryQueues(clock);
    queue = queueOf();
    const dispatcher = new Dispatcher({ store, wake: () => Promise.resolve() });
    supervisor = new TaskSupervisor({
      store,
      dispatcher,
      host: hostWith(({ MessageBody: body = '' }) => queue.send(body)),
    });
    await dispatcher.register(arrival('1'));
    await dispatcher.register(arrival('2'));
  });

  const row = (id = '1'): FileRow => store.files.get(id)!;

  /** Works until as many messages are done with. */
  async function workOff(handler: (file: FileContext) => Promise<unknown>, messages = 1): Promise<void> {
    const lane = {
      url: queue.url,
      handler: fileTaskHandler(handler, { store }),
      maxConcurrency: 2,
      maxReceiveCount: 3,
    };
    const poller = new QueuePoller({ queues: [lane], transport: queues, clock });
    await poller.start();
    for (let tries = 0; tries < 200 && queue.deleted.length < messages; tries += 1) {
      await clock.advance(100);
    }
    const stopped = poller.stop();
    await clock.advance(60_000);
    await stopped;
    expect(queue.deleted).toHaveLength(messages);
  }

  test('takes the turn of a file, and the next file of the sequence follows', async () => {
    await supervisor.tick('1');
    const fences: number[] = [];
    await workOff(({ fence, object }) => {
      fences.push(fence);
      return Promise.resolve({ key: object.key });
    });
    expect(row()).toMatchObject({ status: 'completed', result: { key: 'a/1.csv' } });
    await supervisor.tick('2');
    expect(row('2').status).toBe('starting');
    await supervisor.tick('2');
    await workOff(({ fence }) => Promise.resolve(fences.push(fence)), 2);
    expect(row('2').status).toBe('completed');
    expect(fences).toEqual([1, 2]);
  });

  test('begins once when the message comes twice, and is done with both', async () => {
    await supervisor.tick('1');
    await supervisor.tick('1');
    let begun = 0;
    await workOff(async () => {
      begun += 1;
      // The other message is done with first
      while (queue.deleted.length === 0) {
        await new Promise((done) => setImmediate(done));
      }
    }, 2);
    expect(begun).toBe(1);
    expect(row().status).toBe('completed');
  });

  test('has a failed attempt noted and leaves the retry to the dispatcher', async () => {
    await supervisor.tick('1');
    await workOff(() => Promise.reject(new Error('bad file')));
    expect(row()).toMatchObject({ status: 'waiting', attempts: 1, reason: 'Error: bad file' });
  });

  test.each([
    ['does not use up an attempt when it is stopped', () => new Shutdown('m'), { status: 'waiting', attempts: 0 }],
    ['uses one up when its time is over', () => new HandlerTimeout(60, 'm'), { status: 'waiting', attempts: 1 }],
  ])('%s', async (_, reason, expected) => {
    await supervisor.tick('1');
    const stop = new AbortController();
    const context = { signal: stop.signal, log: { child: () => ({ error: () => undefined }) } };
    const message = JSON.parse(queue.take(1, 30)[0].body) as { payload: unknown };
    const job = { id: 'm', queueName: 'files', body: message.payload };
    const handler = fileTaskHandler(
      ({ signal }) =>
        new Promise((_done, fail) => {
          signal.addEventListener('abort', () => fail(new Error('stopped')));
          stop.abort(reason());
        }),
      { store },
    );
    await handler(job as never, context as never);
    expect(row()).toMatchObject(expected);
  });

  test.each([
    ['nothing', undefined],
    ['a job of somebody else', { rows: 3 }],
    ['half a turn', { fileId: '1' }],
  ])('refuses a message that holds %s', async (_, body) => {
    const handled = fileTaskHandler(() => Promise.resolve(), { store })({ id: 'm', body } as never, {} as never);
    await expect(handled).rejects.toBeInstanceOf(PoisonMessage);
  });
});
