import { LeaseLost, PoisonMessage, RetryLater, Shutdown } from '../../../src/runtime/errors.js';
import {
  exponentialBackoff,
  type Job,
  type JobContext,
  type JobHandler,
  QueuePoller,
  type QueuePollerOptions,
} from '../../../src/runtime/queue/index.js';
import { createLogger } from '../../../src/runtime/telemetry/index.js';
import { InMemoryQueues, ManualClock, objectCreatedEvent } from '../../../src/runtime/testing/index.js';
import { untilAborted } from '../support/handlers.js';

const HOUR = 3_600_000;

function setup(handler: JobHandler, options: Partial<QueuePollerOptions> = {}) {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const deadLetterQueue = queues.create('jobs-dlq');
  const queue = queues.create('jobs', { deadLetterQueue, maxReceiveCount: 3 });
  const poller = new QueuePoller({
    queues: [{ url: queue.url, handler, deadLetterQueueUrl: deadLetterQueue.url }],
    transport: queues,
    clock,
    retry: exponentialBackoff({ baseSeconds: 10, jitter: 'none' }),
    ...options,
  });
  const stop = async () => {
    const report = poller.stop();
    await clock.advance(60_000);
    return report;
  };
  return { clock, queues, queue, deadLetterQueue, poller, stop };
}

describe('acknowledgement', () => {
  it('deletes a message when its handler returns', async () => {
    const jobs: Job[] = [];
    const { clock, queue, poller, stop } = setup((job) => jobs.push(job));
    queue.send(objectCreatedEvent({ bucket: 'inbox', key: 'a b/ü.zip', size: 7 }));
    await poller.start();
    await clock.advance(3_000);
    expect(jobs.map(({ object }) => object)).toEqual([
      expect.objectContaining({ bucket: 'inbox', key: 'a b/ü.zip', size: 7, reason: 'PutObject' }),
    ]);
    expect(queue.messages).toEqual([]);
    await stop();
  });

  it('gives a job the attributes of an SNS envelope, beside those of its message, which come first', async () => {
    const jobs: [Job, JobContext][] = [];
    const { clock, queue, poller, stop } = setup((job, context) => jobs.push([job, context]));
    const inEnvelope = (Value: string) => ({ Type: 'String', Value });
    queue.send(
      {
        Type: 'Notification',
        TopicArn: 'arn:aws:sns:eu-west-1:111122223333:t',
        Message: JSON.stringify({ Service: 'x', fileworksJob: 1, type: 'convert' }),
        MessageAttributes: {
          tenant: inEnvelope('acme'),
          both: inEnvelope('envelope'),
          'fileworks-correlation-id': inEnvelope('sender-1'),
        },
      },
      { attributes: { both: { DataType: 'String', StringValue: 'message' } } },
    );
    await poller.start();
    await clock.advance(3_000);
    const [[job, context]] = jobs;
    expect(job.attributes).toMatchObject({ tenant: { StringValue: 'acme' }, both: { StringValue: 'message' } });
    expect(context.correlationId).toBe('sender-1');
    await stop();
  });

  it('gathers deletes of several messages in one call', async () => {
    const { clock, queue, poller, stop } = setup(() => undefined);
    const calls: string[] = [];
    poller.on('api:called', ({ operation }) => calls.push(operation));
    for (let n = 0; n < 7; n += 1) {
      queue.send(objectCreatedEvent({ key: String(n) }));
    }
    await poller.start();
    await clock.advance(2_500);
    expect(queue.deleted).toHaveLength(7);
    expect(calls.filter((operation) => operation === 'delete')).toHaveLength(1);
    await stop();
  });

  it('works on no message again whose work is done', async () => {
    let runs = 0;
    const { clock, queue, queues, poller, stop } = setup(() => (runs += 1));
    const lose = jest
      .spyOn(queues, 'deleteBatch')
      .mockResolvedValue([{ index: 0, code: 'ReceiptHandleIsInvalid', message: '' }]);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(5_000);
    expect(queue.messages).toHaveLength(1);
    lose.mockRestore();
    await clock.advance(130_000);
    expect(queue.messages).toEqual([]);
    expect(runs).toBe(1);
    await stop();
  });
});

describe('retry', () => {
  it('delivers a failed message again after the backoff', async () => {
    const attempts: [number, number, boolean][] = [];
    const { clock, queue, deadLetterQueue, poller, stop } = setup((_, context) => {
      attempts.push([clock.now(), context.attempt, context.isLastAttempt]);
      throw new Error('no luck');
    });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(60_000);
    expect(attempts.map(([, attempt, last]) => [attempt, last])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(attempts.map(([time]) => Math.round(time / 1_000))).toEqual([0, 10, 30]);
    expect(deadLetterQueue.messages).toHaveLength(1);
    await stop();
  });

  it.each<[string, () => number]>([
    [
      'throws',
      () => {
        throw new Error('no idea');
      },
    ],
    ['answers NaN', () => Number.NaN],
    ['answers a negative number', () => -1],
  ])('delivers again although the backoff of the options %s', async (_, retry) => {
    const attempts: number[] = [];
    const { clock, queue, poller, stop } = setup(
      (__, { attempt }) => {
        attempts.push(attempt);
        throw new Error('no luck');
      },
      { retry },
    );
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(20_000);
    expect(attempts).toEqual([1, 2, 3]);
    await stop();
  });

  it('survives an error that cannot be logged', async () => {
    const hostile = Object.defineProperty(new Error('no luck'), 'detail', {
      enumerable: true,
      get() {
        throw new Error('gotcha');
      },
    });
    const attempts: number[] = [];
    const { clock, queue, poller, stop } = setup(
      (_, { attempt }) => {
        attempts.push(attempt);
        throw hostile;
      },
      { logger: createLogger({ destination: { write: () => undefined } }) },
    );
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(15_000);
    expect(attempts).toEqual([1, 2]);
    await stop();
  });

  it('waits as long as RetryLater says', async () => {
    const times: number[] = [];
    const { clock, queue, poller, stop } = setup((_, { attempt }) => {
      times.push(clock.now());
      if (attempt === 1) {
        throw new RetryLater({ seconds: 45 });
      }
    });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(50_000);
    expect(times.map((time) => Math.round(time / 1_000))).toEqual([0, 45]);
    await stop();
  });

  it.each([
    ['a PoisonMessage', JSON.stringify(objectCreatedEvent({ key: 'a' })), 'too odd\u0000'],
    ['an unknown body', '{"hello":"world"}', 'body is not an S3 event'],
    ['a body that is not JSON', 'hello', 'body is not JSON'],
  ])('sends %s to the dead-letter queue at once, with the reason', async (_, body, reason) => {
    const { clock, queue, deadLetterQueue, poller, stop } = setup(() => Promise.reject(new PoisonMessage(reason)));
    const id = queue.send(body);
    await poller.start();
    await clock.advance(1_000);
    expect(queue.messages).toEqual([]);
    expect(deadLetterQueue.messages[0]?.attributes['fileworks-poison-reason']?.StringValue).toContain(
      reason.replace('\u0000', ''),
    );
    expect(deadLetterQueue.messages[0]?.attributes['fileworks-source-message-id']?.StringValue).toBe(id);
    await stop();
  });
});

describe('leases', () => {
  it('keeps the lease of a long job and of nothing else', async () => {
    const run = untilAborted();
    const { clock, queue, poller, stop } = setup(run.handler);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(3 * HOUR);
    expect(run.contexts).toHaveLength(1);
    expect(queue.visible).toBe(0);
    run.finish();
    await clock.advance(5_000);
    expect(queue.messages).toEqual([]);
    await stop();
  });

  it('aborts the handler before the 12 hours of SQS end, once, and never asks for more than is left', async () => {
    const run = untilAborted();
    const { clock, queue, queues, poller, stop } = setup(run.handler);
    const change = jest.spyOn(queues, 'changeVisibilityBatch');
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(12 * HOUR - 130_000);
    expect(run.reasons).toEqual([]);
    await clock.advance(20_000);
    expect(run.reasons).toEqual([
      expect.objectContaining({ code: 'ERR_LEASE_LOST', reason: 'limit', name: 'AbortError' }),
    ]);
    const answers = await Promise.all(change.mock.results.map(({ value }) => value as Promise<unknown[]>));
    expect(answers.flat()).toEqual([]);
    await stop();
  });

  it('continues a job beyond 12 hours with the state that it handed off', async () => {
    const seen: [unknown, number, string | undefined, string][] = [];
    const { clock, queue, poller, stop } = setup(async (job: Job, context: JobContext) => {
      seen.push([context.state, context.generation, job.object?.key, context.correlationId]);
      if (context.generation === 0) {
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
        await context.handOff({ page: 41 });
      }
    });
    queue.send(objectCreatedEvent({ key: 'long', id: 'event-1' }));
    await poller.start();
    await clock.advance(12 * HOUR);
    expect(seen).toEqual([
      [undefined, 0, 'long', 'event-1'],
      [{ page: 41 }, 1, 'long', 'event-1'],
    ]);
    expect(queue.messages).toEqual([]);
    await stop();
  });

  it('aborts the handler when SQS says that the message is no longer ours', async () => {
    const run = untilAborted();
    const { clock, queue, queues, poller, stop } = setup(run.handler);
    jest
      .spyOn(queues, 'changeVisibilityBatch')
      .mockResolvedValue([{ index: 0, code: 'ReceiptHandleIsInvalid', message: '' }]);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(41_000);
    expect(run.reasons[0]).toBeInstanceOf(LeaseLost);
    expect(run.reasons[0]).toMatchObject({ reason: 'gone' });
    await stop();
  });

  it('aborts the handler when no extension succeeds before the visibility timeout ends', async () => {
    const run = untilAborted();
    const { clock, queue, queues, poller, stop } = setup(run.handler, { concurrency: 1, prefetch: 0 });
    jest.spyOn(queues, 'changeVisibilityBatch').mockRejectedValue(new Error('ECONNREFUSED'));
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(119_000);
    expect(run.reasons).toEqual([]);
    await clock.advance(1_100);
    expect(run.reasons[0]).toMatchObject({ reason: 'expired' });
    await stop();
  });
});

describe('repeated delivery', () => {
  it('deletes without work what a handler finished after it was abandoned', async () => {
    let runs = 0;
    const { clock, queue, poller, stop } = setup(
      async () => {
        runs += 1;
        await new Promise<void>((resolve) => clock.after(200_000, resolve));
      },
      { handlerTimeoutSeconds: 60 },
    );
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(500_000);
    expect(runs).toBe(1);
    expect(queue.deleted).toHaveLength(1);
    await stop();
  });

  it('continues a running job whose message is redelivered, under its newest receipt handle', async () => {
    const run = untilAborted();
    const { clock, queue, queues, poller, stop } = setup(run.handler);
    jest.spyOn(queues, 'changeVisibilityBatch').mockRejectedValue(new Error('ECONNREFUSED'));
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(121_000);
    expect(queue.messages[0]?.receiveCount).toBe(2);
    run.finish();
    await clock.advance(3_000);
    expect(run.contexts).toHaveLength(1);
    expect(queue.messages).toEqual([]);
    await stop();
  });

  it('starts no second run of a job whose first one lost its lease and has not ended', async () => {
    let runs = 0;
    const { clock, queue, queues, poller, stop } = setup(() => {
      runs += 1;
      return new Promise(() => undefined);
    });
    jest
      .spyOn(queues, 'changeVisibilityBatch')
      .mockResolvedValueOnce([{ index: 0, code: 'ReceiptHandleIsInvalid', message: '' }]);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(200_000);
    expect(queue.messages[0]?.receiveCount).toBe(2);
    expect(runs).toBe(1);
    await stop();
  });
});

describe('drain', () => {
  it('lets running jobs finish, releases what has not started and starts nothing new', async () => {
    const run = untilAborted();
    const { clock, queue, poller } = setup(run.handler, { concurrency: 1, prefetch: 5 });
    ['a', 'b', 'c'].forEach((key) => queue.send(objectCreatedEvent({ key })));
    await poller.start();
    await clock.advance(1_000);
    expect(queue.inFlight).toBe(3);
    const report = poller.stop();
    await clock.advance(100);
    expect(poller.state).toBe('draining');
    expect(run.contexts[0]?.stopping.aborted).toBe(true);
    expect(run.reasons).toEqual([]);
    expect(queue.visible).toBe(2);
    run.finish();
    await clock.advance(20_000);
    expect(await report).toMatchObject({ finished: 1, released: 2, abandoned: 0, unconfirmed: 0 });
    expect(poller.state).toBe('stopped');
    expect(queue.messages).toHaveLength(2);
    expect(queue.visible).toBe(2);
  });

  it('does not use up the attempts of a message that comes while several workers stop', async () => {
    const handler = jest.fn();
    const { clock, queue, queues, deadLetterQueue, poller } = setup(handler);
    const pollers = [
      poller,
      ...[1, 2].map(() => new QueuePoller({ queues: [{ url: queue.url, handler }], transport: queues, clock })),
    ];
    for (const each of pollers) {
      await each.start();
    }
    await clock.advance(25_000);
    const reports = pollers.map((each) => each.stop());
    queue.send(objectCreatedEvent({ key: 'late' }));
    await clock.advance(30_000);
    expect((await Promise.all(reports)).map(({ released }) => released).sort()).toEqual([0, 0, 1]);
    expect([handler.mock.calls.length, deadLetterQueue.messages.length]).toEqual([0, 0]);
    expect([queue.messages[0]?.receiveCount, queue.visible]).toEqual([1, 1]);
  });

  it('aborts what is left at the deadline and makes it visible within a second', async () => {
    const run = untilAborted();
    const { clock, queue, poller } = setup(run.handler, {
      shutdown: { stopTimeoutSeconds: 30, releaseReserveSeconds: 6 },
    });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(1_000);
    const report = poller.stop();
    await clock.advance(23_900);
    expect(queue.visible).toBe(0);
    await clock.advance(1_100);
    expect(run.reasons[0]).toBeInstanceOf(Shutdown);
    expect(queue.visible).toBe(1);
    expect(await report).toMatchObject({ finished: 0, released: 1, abandoned: 0 });
  });

  it('releases the message of a handler that ignores its signal', async () => {
    const { clock, queue, poller } = setup(() => new Promise(() => undefined), {
      shutdown: { stopTimeoutSeconds: 30, releaseReserveSeconds: 6 },
    });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(1_000);
    const report = poller.stop();
    await clock.advance(24_999);
    expect(queue.visible).toBe(1);
    expect(await report).toMatchObject({ released: 1, abandoned: 1 });
  });

  it('releases at the deadline although a handler timeout comes right after it', async () => {
    const { clock, queue, poller } = setup(() => new Promise(() => undefined), {
      handlerTimeoutSeconds: 10.2,
      shutdown: { stopTimeoutSeconds: 30, releaseReserveSeconds: 6 },
    });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(0);
    const report = poller.stop({ deadlineSeconds: 10 });
    await clock.advance(11_000);
    expect(queue.visible).toBe(1);
    await clock.advance(20_000);
    expect(await report).toMatchObject({ released: 1 });
  });

  it('reports what the drain released, and not what was released before', async () => {
    const run = untilAborted();
    const { clock, queue, poller } = setup(run.handler, { concurrency: 1, prefetch: 5 });
    ['a', 'b'].forEach((key) => queue.send(objectCreatedEvent({ key })));
    await poller.start();
    // What waits for half a minute is released, redelivered, and so on.
    await clock.advance(40_000);
    const report = poller.stop();
    run.finish();
    await clock.advance(30_000);
    expect(await report).toMatchObject({ finished: 1, released: 1, unconfirmed: 0 });
  });

  it('gives every job a `stopping` signal of its own, so that listeners do not pile up on one', async () => {
    const run = untilAborted();
    const { clock, queue, poller } = setup(run.handler);
    ['a', 'b'].forEach((key) => queue.send(objectCreatedEvent({ key })));
    await poller.start();
    await clock.advance(1_000);
    expect(run.contexts[0]?.stopping).not.toBe(run.contexts[1]?.stopping);
    void poller.stop();
    await clock.advance(0);
    expect(run.contexts.map(({ stopping }) => stopping.aborted)).toEqual([true, true]);
    run.finish();
    await clock.advance(30_000);
  });

  it('answers every stop with the same report and can be hurried', async () => {
    const run = untilAborted();
    const { clock, queue, poller } = setup(run.handler);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(1_000);
    const first = poller.stop();
    const second = poller.stop({ deadlineSeconds: 0 });
    await clock.advance(1_000);
    expect(await second).toBe(await first);
    expect(queue.visible).toBe(1);
  });
});

describe('stop in every state', () => {
  it('ends a poller that never started', async () => {
    const { clock, poller } = setup(() => undefined);
    const report = poller.stop();
    await clock.advance(1);
    expect(await report).toMatchObject({ finished: 0, released: 0 });
    await expect(poller.start()).rejects.toThrow('a poller starts once; this one is stopped');
  });

  it('ends a poller that is still starting, without a receive', async () => {
    const { clock, queue, queues, poller } = setup(() => undefined);
    const receive = jest.spyOn(queues, 'receive');
    queue.send(objectCreatedEvent({ key: 'a' }));
    const started = poller.start();
    const report = poller.stop();
    await clock.advance(1_000);
    await Promise.all([started, report]);
    expect(receive).not.toHaveBeenCalled();
  });

  it('changes nothing while the poller releases, and after it has stopped', async () => {
    const run = untilAborted();
    const { clock, queue, poller } = setup(run.handler);
    const states: string[] = [];
    poller.on('state:changed', ({ to }) => {
      states.push(to);
      void poller.stop({ deadlineSeconds: 0 });
    });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(60_000);
    expect(states).toEqual(['running', 'draining', 'stopped']);
    expect(await poller.stop()).toBe(await poller.stopped);
  });

  it('releases once, however often it is asked', async () => {
    const run = untilAborted();
    const { clock, queue, queues, poller } = setup(run.handler);
    const change = jest.spyOn(queues, 'changeVisibilityBatch');
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(1_000);
    const states: string[] = [];
    poller.on('state:changed', ({ to }) => {
      states.push(to);
      void poller.stop({ deadlineSeconds: 0 });
    });
    void poller.stop({ deadlineSeconds: 5 });
    await clock.advance(10_000);
    expect(states).toEqual(['draining', 'releasing', 'stopped']);
    expect(change).toHaveBeenCalledTimes(1);
    expect(queue.visible).toBe(1);
  });
});

describe('clocks', () => {
  it('does not care when somebody sets the date', async () => {
    const run = untilAborted();
    const { clock, queue, poller, stop } = setup(run.handler);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(1_000);
    clock.setDate(new Date('2036-01-01'));
    await clock.advance(HOUR);
    clock.setDate(new Date('1999-01-01'));
    await clock.advance(HOUR);
    expect(run.reasons).toEqual([]);
    expect(queue.messages[0]?.receiveCount).toBe(1);
    run.finish();
    await stop();
  });

  it('knows that its leases are lost when the process was frozen for longer than they last', async () => {
    const run = untilAborted();
    const { clock, queue, poller, stop } = setup(run.handler, { concurrency: 1, prefetch: 0 });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(1_000);
    await clock.jump(HOUR);
    expect(run.reasons[0]).toMatchObject({ code: 'ERR_LEASE_LOST', reason: 'expired' });
    await stop();
  });
});

describe('a process that was frozen', () => {
  it('starts nothing that waited and whose lease is over', async () => {
    const run = untilAborted();
    const { clock, queue, poller, stop } = setup(run.handler, { concurrency: 1, prefetch: 5 });
    queue.send(objectCreatedEvent({ key: 'a' }));
    const waiting = queue.send(objectCreatedEvent({ key: 'b' }));
    await poller.start();
    await clock.advance(1_000);
    expect(queue.inFlight).toBe(2);
    // The end of the first job is the first thing that the thawed process sees; its timers come later.
    const starts: string[] = [];
    poller.on('job:started', ({ job }) => starts.push(`${job.messageId}/${job.attempt}`));
    run.finish();
    await clock.jump(HOUR);
    await clock.advance(1_000);
    expect(starts).toEqual([`${waiting}/2`]);
    await stop();
  });
});

describe('an answer that was read late, behind a blocked event loop', () => {
  it('starts nothing whose visibility timeout has ended meanwhile', async () => {
    const starts: number[] = [];
    const { clock, queue, queues, poller, stop } = setup((_, { attempt }) => starts.push(attempt), {
      visibility: { timeoutSeconds: 4 },
      receive: { waitTimeSeconds: 1 },
    });
    const original = queues.receive.bind(queues);
    jest
      .spyOn(queues, 'receive')
      .mockImplementationOnce(async (request) => {
        const messages = await original(request);
        await new Promise<void>((resolve) => clock.after(9_000, resolve));
        return messages;
      })
      .mockImplementation(original);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(20_000);
    expect(starts).toEqual([2]);
    await stop();
  });
});

describe('a worker that is killed', () => {
  it('delays its jobs by no more than the visibility timeout', async () => {
    const dead = untilAborted();
    const { clock, queue, queues, poller } = setup(dead.handler);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(1_000);
    // From here on it says nothing more, as after SIGKILL.
    jest.spyOn(queues, 'changeVisibilityBatch').mockImplementation(() => new Promise(() => undefined));
    jest.spyOn(queues, 'receive').mockImplementation(() => new Promise(() => undefined));
    const survivors = new InMemoryQueues(clock);
    jest.spyOn(survivors, 'receive').mockImplementation(InMemoryQueues.prototype.receive.bind(queues));
    jest.spyOn(survivors, 'deleteBatch').mockImplementation(queues.deleteBatch.bind(queues));
    const times: number[] = [];
    const survivor = new QueuePoller({
      queues: [{ url: queue.url, handler: () => times.push(clock.now()), maxReceiveCount: 3 }],
      transport: survivors,
      clock,
    });
    await survivor.start();
    await clock.advance(130_000);
    expect(times).toHaveLength(1);
    expect(times[0]).toBeLessThanOrEqual(120_100);
    expect(queue.deleted).toHaveLength(1);
  });
});

describe('health', () => {
  it('takes a failed receive for no stall when nothing is asked for afterwards', async () => {
    const run = untilAborted();
    const { clock, queue, queues, poller, stop } = setup(run.handler, { concurrency: 1, prefetch: 0 });
    const original = queues.receive.bind(queues);
    jest
      .spyOn(queues, 'receive')
      .mockImplementationOnce(() => Promise.reject(new Error('ECONNRESET')))
      .mockImplementation(original);
    await poller.start();
    poller.pause();
    await clock.advance(1_000);
    await clock.advance(HOUR);
    expect(poller.health().live).toBe(true);
    queue.send(objectCreatedEvent({ key: 'a' }));
    poller.resume();
    await clock.advance(1_000);
    expect(run.contexts).toHaveLength(1);
    run.finish();
    await stop();
  });

  it('begins to count anew after a time in which nothing was asked for', async () => {
    const { clock, queues, poller, stop } = setup(() => undefined);
    jest.spyOn(queues, 'receive').mockRejectedValue(new Error('ECONNRESET'));
    await poller.start();
    await clock.advance(60_000);
    poller.pause();
    await clock.advance(HOUR);
    poller.resume();
    await clock.advance(60_000);
    expect(poller.health().live).toBe(true);
    await clock.advance(60_000);
    expect(poller.health().live).toBe(false);
    await stop();
  });
});

describe('around a job', () => {
  it('never starts the handler of a job that was held until its message was no longer ours', async () => {
    const run = untilAborted();
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const { clock, queue, poller } = setup(run.handler, {
      handlerTimeoutSeconds: 10,
      aroundJob: async (_, start) => {
        await held;
        return start();
      },
    });
    const abandoned: unknown[] = [];
    poller.on('job:abandoned', (payload) => abandoned.push(payload));
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(60_000);
    const report = poller.stop({ deadlineSeconds: 0 });
    await clock.advance(100);
    expect(queue.visible).toBe(1);
    letGo();
    await clock.advance(30_000);
    expect(run.contexts).toEqual([]);
    expect(abandoned).toEqual([]);
    expect(await report).toMatchObject({ released: 1 });
  });
});

describe('handler timeout', () => {
  it('aborts the handler and has its message retried', async () => {
    const run = untilAborted();
    const { clock, queue, poller, stop } = setup(run.handler, { handlerTimeoutSeconds: 60 });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(61_000);
    expect(run.reasons[0]).toMatchObject({ code: 'ERR_HANDLER_TIMEOUT', timeoutSeconds: 60 });
    await clock.advance(15_000);
    expect(run.contexts.map(({ attempt }) => attempt)).toEqual([1, 2]);
    await stop();
  });

  it('gives the message of a handler that ignores it to others, keeps its slot, and says that the worker is not live', async () => {
    const { clock, queue, poller, stop } = setup(() => new Promise(() => undefined), {
      handlerTimeoutSeconds: 60,
      concurrency: 1,
    });
    queue.send(objectCreatedEvent({ key: 'a' }));
    queue.send(objectCreatedEvent({ key: 'b' }));
    await poller.start();
    await clock.advance(89_000);
    expect(queue.visible).toBe(1);
    expect(poller.health().live).toBe(true);
    await clock.advance(12_000);
    expect(queue.visible).toBe(2);
    expect(poller.stats().running).toBe(1);
    expect(poller.health()).toEqual({
      live: false,
      ready: false,
      problems: ['every slot is held by a handler that ignores its signal'],
    });
    await stop();
  });
});
