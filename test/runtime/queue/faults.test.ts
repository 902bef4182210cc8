import { QueuePoller, type QueuePollerOptions, SqsTransport } from '../../../src/runtime/queue/index.js';
import { type Clock, systemClock } from '../../../src/runtime/support/clock.js';
import { objectCreatedEvent } from '../../../src/runtime/testing/index.js';
import { untilAborted } from '../support/handlers.js';
import { type Fault, type StubCall, StubSqs } from '../support/stub-sqs.js';
import { until } from '../support/until.js';

/** The real SDK against a server that fails: each test breaks one call and shows what the worker makes of it. */

let stub: StubSqs;
const pollers: QueuePoller[] = [];

beforeEach(async () => {
  stub = new StubSqs();
  await stub.listen();
});

afterEach(async () => {
  jest.restoreAllMocks();
  stub.fault = () => undefined;
  await Promise.all(pollers.splice(0).map((poller) => poller.stop({ deadlineSeconds: 0 })));
  await stub.close();
});

function start(
  handler: QueuePollerOptions['queues'][number]['handler'],
  options: Partial<QueuePollerOptions> = {},
): QueuePoller {
  const poller = new QueuePoller({
    queues: [{ url: stub.urlOf('jobs'), handler, maxReceiveCount: 5, deadLetterQueueUrl: stub.urlOf('dlq') }],
    transport: new SqsTransport({
      endpoint: stub.endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    }),
    receive: { waitTimeSeconds: 1 },
    ack: { lingerMs: 20 },
    ...options,
  });
  pollers.push(poller);
  void poller.start();
  return poller;
}

function nth(operation: string, numbers: readonly number[], fault: Fault) {
  return (call: StubCall) => (call.operation === operation && numbers.includes(call.nth) ? fault : undefined);
}

const event = (key: string) => JSON.stringify(objectCreatedEvent({ key }));

describe('receive', () => {
  it.each<[string, Fault]>([
    ['is reset', { kind: 'reset' }],
    ['is throttled', { kind: 'status', status: 400, code: 'RequestThrottled' }],
    ['answers 500', { kind: 'status', status: 500, code: 'InternalFailure' }],
    ['answers 403, as with expired credentials', { kind: 'status', status: 403, code: 'ExpiredTokenException' }],
  ])('continues after it %s twice, and reports both', async (_, fault) => {
    const keys: (string | undefined)[] = [];
    stub.fault = nth('ReceiveMessage', [1, 2], fault);
    const failures: number[] = [];
    stub.queue('jobs').send(event('a'));
    const poller = start((job) => keys.push(job.object?.key));
    poller.on('receive:failed', ({ consecutiveFailures }) => failures.push(consecutiveFailures));
    await until(() => stub.queue('jobs').deleted.length === 1);
    expect(keys).toEqual(['a']);
    expect(failures).toEqual([1, 2]);
  });

  it('continues after a receive that never answers, with new connections', async () => {
    stub.fault = nth('ReceiveMessage', [1], { kind: 'hang' });
    stub.queue('jobs').send(event('a'));
    const transport = new SqsTransport({
      endpoint: stub.endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const reset = jest.spyOn(transport, 'reset');
    start(() => undefined, { transport });
    await until(() => stub.queue('jobs').deleted.length === 1);
    expect(reset).toHaveBeenCalledTimes(1);
  }, 20_000);

  it('reports itself unhealthy when no receive succeeds for 90 seconds, and healthy again afterwards', async () => {
    stub.fault = (call) =>
      call.operation === 'ReceiveMessage' ? { kind: 'status', status: 403, code: 'AccessDenied' } : undefined;
    const poller = start(() => undefined);
    await until(() => stub.calls.length > 1);
    expect(poller.health().live).toBe(true);
    // Time passes with each look at the clock, so that one failure comes well after another.
    const real = performance.now.bind(performance);
    let ahead = 0;
    const later = jest.spyOn(performance, 'now').mockImplementation(() => real() + (ahead += 2_000));
    await until(() => !poller.health().live);
    expect(poller.health()).toEqual({
      live: false,
      ready: false,
      problems: ['every receive from jobs has failed for 90 s'],
    });
    later.mockImplementation(() => real() + ahead);
    stub.fault = () => undefined;
    stub.queue('jobs').send(event('a'));
    await until(() => stub.queue('jobs').deleted.length === 1);
    expect(poller.health()).toEqual({ live: true, ready: true, problems: [] });
    later.mockRestore();
  }, 20_000);

  it('that is refused on one queue cuts no long poll of another', async () => {
    stub.fault = (call) =>
      call.operation === 'ReceiveMessage' && call.queue === 'forbidden'
        ? { kind: 'status', status: 403, code: 'AccessDenied' }
        : undefined;
    const failures: string[] = [];
    const poller = start(() => undefined, {
      queues: ['jobs', 'forbidden'].map((name) => ({
        url: stub.urlOf(name),
        handler: () => undefined,
        maxReceiveCount: 5,
      })),
      receive: { waitTimeSeconds: 2 },
    });
    poller.on('receive:failed', ({ queueName }) => failures.push(queueName));
    await until(() => failures.length >= 4);
    expect(new Set(failures)).toEqual(new Set(['forbidden']));
  });
});

describe('a machine whose clock is an hour late', () => {
  it('receives after one refusal, and after new connections at once', async () => {
    stub.aheadMs = 3_600_000;
    const isExpired = ({ at, signedAt }: StubCall) => Math.abs(at + stub.aheadMs - signedAt) > 300_000;
    stub.fault = (call) => (isExpired(call) ? { kind: 'status', status: 403, code: 'RequestExpired' } : undefined);
    const transport = new SqsTransport({
      endpoint: stub.endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const reset = jest.spyOn(transport, 'reset');
    const poller = start(() => undefined, { transport, receive: { waitTimeSeconds: 1, maxReceivers: 1 } });
    const failures: unknown[] = [];
    poller.on('receive:failed', ({ error }) => failures.push(error));
    stub.queue('jobs').send(event('a'));
    await until(() => stub.queue('jobs').deleted.length === 1);
    expect(failures).toHaveLength(1);
    expect(reset).not.toHaveBeenCalled();
    transport.reset();
    stub.queue('jobs').send(event('b'));
    await until(() => stub.queue('jobs').deleted.length === 2);
    expect(failures).toHaveLength(1);
  });
});

describe('a body that was damaged on the way', () => {
  it('costs its own message only', async () => {
    stub.fault = nth('ReceiveMessage', [1], { kind: 'damage', positions: [1] });
    const keys: (string | undefined)[] = [];
    const failures: unknown[] = [];
    ['a', 'b', 'c'].forEach((key) => stub.queue('jobs').send(event(key)));
    const poller = start((job) => keys.push(job.object?.key), { visibility: { timeoutSeconds: 3 } });
    poller.on('receive:failed', ({ error }) => failures.push(error));
    await until(() => stub.queue('jobs').deleted.length === 2);
    expect(keys).toEqual(['a', 'c']);
    // Redelivered after its visibility timeout
    await until(() => stub.queue('jobs').deleted.length === 3);
    expect(keys).toEqual(['a', 'c', 'b']);
    expect(failures).toEqual([]);
  });
});

describe('delete', () => {
  it.each<[string, Fault]>([
    ['is reset', { kind: 'reset' }],
    ['answers 500', { kind: 'status', status: 500, code: 'InternalFailure' }],
    ['is lost after it took effect', { kind: 'reset', afterEffect: true }],
    ['fails for some entries', { kind: 'entries', ids: ['0', '2'], code: 'InternalError' }],
  ])('is repeated when it %s, and no job runs twice', async (_, fault) => {
    const runs: (string | undefined)[] = [];
    // The SDK itself tries three times: only the fourth call is ours.
    stub.fault = nth('DeleteMessageBatch', fault.kind === 'entries' ? [1, 2] : [1, 2, 3], fault);
    ['a', 'b', 'c'].forEach((key) => stub.queue('jobs').send(event(key)));
    start((job) => runs.push(job.object?.key));
    await until(() => stub.queue('jobs').deleted.length === 3 && stub.queue('jobs').inFlight === 0);
    expect(runs.sort()).toEqual(['a', 'b', 'c']);
  });

  it('is not repeated when the receipt handle is refused; the redelivered message is deleted without work', async () => {
    let runs = 0;
    stub.fault = nth('DeleteMessageBatch', [1], { kind: 'entries', ids: ['0'], code: 'ReceiptHandleIsInvalid' });
    stub.queue('jobs').send(event('a'));
    const poller = start(() => (runs += 1), { visibility: { timeoutSeconds: 3 } });
    let duplicates = 0;
    poller.on('message:duplicated', () => (duplicates += 1));
    await until(() => stub.queue('jobs').deleted.length === 1);
    expect([runs, duplicates]).toEqual([1, 1]);
  });
});

describe('visibility', () => {
  it('survives a heartbeat that fails for some entries of its batch', async () => {
    const run = untilAborted();
    stub.fault = nth('ChangeMessageVisibilityBatch', [1, 2], { kind: 'entries', ids: ['0'], code: 'InternalError' });
    ['a', 'b'].forEach((key) => stub.queue('jobs').send(event(key)));
    start(run.handler, { visibility: { timeoutSeconds: 3 } });
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect(run.reasons).toEqual([]);
    run.finish();
    await until(() => stub.queue('jobs').deleted.length === 2);
    expect([...stub.queue('jobs').deliveries.values()]).toEqual([1, 1]);
  });

  it('aborts the handler when its lease is lost while it runs', async () => {
    const run = untilAborted();
    stub.fault = (call) =>
      call.operation === 'ChangeMessageVisibilityBatch'
        ? { kind: 'entries', ids: ['0'], code: 'ReceiptHandleIsInvalid' }
        : undefined;
    stub.queue('jobs').send(event('a'));
    start(run.handler, { visibility: { timeoutSeconds: 3 } });
    await until(() => run.reasons.length === 1);
    expect(run.reasons[0]).toMatchObject({ code: 'ERR_LEASE_LOST', reason: 'gone' });
  });

  it('loses a lease while the event loop is blocked, and neither deletes what is not its own nor starts the job beside itself', async () => {
    const aborted: boolean[] = [];
    const blocked = start(
      async (_, { signal }) => {
        const end = Date.now() + 3_500;
        while (Date.now() < end) {}
        await new Promise((resolve) => setTimeout(resolve, 50));
        aborted.push(signal.aborted);
        signal.throwIfAborted();
      },
      { visibility: { timeoutSeconds: 3 }, concurrency: 1, prefetch: 0 },
    );
    const results: string[] = [];
    blocked.on('job:ended', ({ result }) => results.push(result));
    stub.queue('jobs').send(event('a'));
    await until(() => results.length === 1);
    expect(aborted).toEqual([true]);
    expect(results).toEqual(['lost']);
    expect(stub.queue('jobs').deleted).toEqual([]);
  });
});

describe('two workers', () => {
  it('share a queue without working on any message twice', async () => {
    const runs: string[] = [];
    const queue = stub.queue('jobs');
    for (let n = 0; n < 100; n += 1) {
      queue.send(event(String(n)));
    }
    const handler = async (job: { readonly id: string }) => {
      runs.push(job.id);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    };
    start(handler);
    start(handler);
    await until(() => queue.deleted.length === 100);
    expect(new Set(runs).size).toBe(100);
    expect(runs).toHaveLength(100);
  });

  it('hand over: what one releases at its deadline, the other finishes at once', async () => {
    const first = untilAborted();
    const queue = stub.queue('jobs');
    queue.send(event('a'));
    const leaving = start(first.handler);
    await until(() => first.contexts.length === 1);
    let finished = 0;
    start(() => (finished += 1));
    await leaving.stop({ deadlineSeconds: 0.5 });
    // The lease would last for longer than this test may
    await until(() => finished === 1);
    await until(() => queue.deleted.length === 1);
  });
});

describe('stop', () => {
  it('waits for an open long poll and releases what it brings', async () => {
    const queue = stub.queue('jobs');
    const poller = start(() => undefined, { receive: { waitTimeSeconds: 2 } });
    await until(() => stub.calls.some(({ operation }) => operation === 'ReceiveMessage'));
    const stopped = poller.stop();
    queue.send(event('late'));
    expect(await stopped).toMatchObject({ released: 1, unconfirmed: 0 });
    // Hidden from other open polls, which end about now
    await until(() => queue.visible === 1);
  });

  it('sends the deletes that still linger', async () => {
    const poller = start(() => undefined, { ack: { lingerMs: 20_000 } });
    const ended = new Promise((resolve) => poller.on('job:ended', resolve));
    stub.queue('jobs').send(event('a'));
    await ended;
    await poller.stop();
    expect(stub.queue('jobs').deleted).toHaveLength(1);
  });

  it('releases what SQS failed to release at the first and second try, with fifths of a second between them', async () => {
    const run = untilAborted();
    stub.queue('jobs').send(event('a'));
    const waits: number[] = [];
    const after: Clock['after'] = (ms, callback) => {
      waits.push(ms);
      return systemClock.after(ms, callback);
    };
    const poller = start(run.handler, { clock: { ...systemClock, after } });
    await until(() => run.contexts.length === 1);
    stub.fault = nth('ChangeMessageVisibilityBatch', [1, 2], { kind: 'entries', ids: ['0'], code: 'InternalError' });
    // Each wait is a random part of the longest, here the largest
    jest.spyOn(Math, 'random').mockReturnValue(1);
    waits.length = 0;
    expect(await poller.stop({ deadlineSeconds: 0 })).toMatchObject({ released: 1, unconfirmed: 0 });
    expect(stub.queue('jobs').visible).toBe(1);
    expect(waits.filter((ms) => ms === 200)).toHaveLength(2);
  });

  it('counts what SQS never confirmed', async () => {
    const run = untilAborted();
    stub.queue('jobs').send(event('a'));
    const poller = start(run.handler);
    await until(() => run.contexts.length === 1);
    stub.fault = (call) =>
      call.operation === 'ChangeMessageVisibilityBatch'
        ? { kind: 'status', status: 403, code: 'AccessDenied' }
        : undefined;
    expect(await poller.stop({ deadlineSeconds: 0 })).toMatchObject({ released: 1, unconfirmed: 1 });
  });
});

describe('a stop during which SQS answers nothing', () => {
  const silence = () => {
    stub.fault = () => ({ kind: 'hang' });
  };

  it('reports the messages whose release has no answer, and each of them as an event', async () => {
    const run = untilAborted();
    const ids = ['a', 'b'].map((key) => stub.queue('jobs').send(event(key)));
    const poller = start(run.handler, { shutdown: { stopTimeoutSeconds: 3, releaseReserveSeconds: 1 } });
    const unconfirmed: string[] = [];
    poller.on('message:unconfirmed', ({ messageId }) => unconfirmed.push(messageId));
    await until(() => run.contexts.length === 2);
    silence();
    expect(await poller.stop()).toMatchObject({ released: 2, unconfirmed: 2 });
    expect(unconfirmed.sort()).toEqual(ids.sort());
  });

  it('reports a delete without an answer', async () => {
    stub.queue('jobs').send(event('a'));
    const poller = start(silence, { shutdown: { stopTimeoutSeconds: 3, releaseReserveSeconds: 1 } });
    await until(() => stub.calls.some(({ operation }) => operation === 'DeleteMessageBatch'));
    expect(await poller.stop()).toMatchObject({ finished: 0, released: 0, unconfirmed: 1 });
  });

  it('reports a copy for the dead-letter queue without an answer', async () => {
    stub.queue('jobs').send('{"odd":true}');
    stub.fault = ({ operation }) => (operation === 'SendMessage' ? { kind: 'hang' } : undefined);
    const poller = start(() => undefined, { shutdown: { stopTimeoutSeconds: 3, releaseReserveSeconds: 1 } });
    await until(() => stub.calls.some(({ operation }) => operation === 'SendMessage'));
    silence();
    expect(await poller.stop()).toMatchObject({ unconfirmed: 1 });
  });

  it('reports a receive that is overdue, which may have messages, but none that was cut within its wait time', async () => {
    silence();
    const poller = start(() => undefined, { shutdown: { stopTimeoutSeconds: 3, releaseReserveSeconds: 1 } });
    await until(() => stub.calls.some(({ operation }) => operation === 'ReceiveMessage'));
    expect(await poller.stop()).toMatchObject({ unconfirmed: 0, unansweredReceives: 1 });
    const hurried = start(() => undefined, { receive: { waitTimeSeconds: 20 } });
    const before = stub.calls.length;
    await until(() => stub.calls.length > before);
    expect(await hurried.stop({ deadlineSeconds: 0 })).toMatchObject({ unansweredReceives: 0 });
  });
});

describe('dead-letter queue', () => {
  it('keeps a poison message on its queue until the copy has arrived', async () => {
    stub.fault = nth('SendMessage', [1, 2, 3], { kind: 'status', status: 500, code: 'InternalFailure' });
    stub.queue('jobs').send('{"odd":true}');
    start(() => undefined, { retry: () => 0 });
    await until(() => stub.queue('jobs').deleted.length === 1);
    expect(stub.queue('dlq').visible).toBe(1);
    expect(stub.calls.filter(({ operation }) => operation === 'SendMessage')).toHaveLength(4);
  });
});
