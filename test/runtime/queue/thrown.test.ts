import { type JobHandler, QueuePoller, type QueuePollerOptions } from '../../../src/runtime/queue/index.js';
import { aroundJobs } from '../../../src/runtime/support/around-jobs.js';
import { type Logger } from '../../../src/runtime/support/logger.js';
import { createLogger, logContext, traceJobs } from '../../../src/runtime/telemetry/index.js';
import { InMemoryQueues, ManualClock, objectCreatedEvent } from '../../../src/runtime/testing/index.js';
import { THROWN } from '../support/thrown-values.js';

function setup(handler: JobHandler, options: Partial<QueuePollerOptions> = {}, name = 'jobs') {
  const clock = new ManualClock();
  const queues = new InMemoryQueues(clock);
  const suffix = name.endsWith('.fifo') ? '.fifo' : '';
  const deadLetterQueue = queues.create(`dead${suffix}`);
  const queue = queues.create(name, { deadLetterQueue, maxReceiveCount: 2 });
  const poller = new QueuePoller({
    queues: [{ url: queue.url, handler, deadLetterQueueUrl: deadLetterQueue.url }],
    transport: queues,
    clock,
    retry: () => 1,
    ...options,
  });
  const results: string[] = [];
  poller.on('job:ended', ({ result }) => results.push(result));
  const stop = async () => {
    const report = poller.stop();
    await clock.advance(60_000);
    return report;
  };
  return { clock, queue, deadLetterQueue, poller, results, stop };
}

/** As a logger that serializes every property of what it is given. */
function strictLogger(): Logger {
  const write = (fields: object): void => {
    const { err } = fields as { readonly err?: { readonly message?: unknown } };
    [err, err?.message].forEach(String);
    JSON.stringify(err);
  };
  const logger: Logger = {
    trace: write,
    debug: write,
    info: write,
    warn: write,
    error: write,
    fatal: write,
    child: () => logger,
  };
  return logger;
}

const raise =
  (value: () => unknown): JobHandler =>
  () => {
    throw value();
  };

describe.each(THROWN)('a handler that throws %s', (_, value) => {
  it.each([
    ['the logger of the runtime', () => createLogger({ destination: { write: () => undefined } })],
    ['a logger that reads everything', strictLogger],
  ])('fails its job, with %s, and the worker continues', async (__, logger) => {
    const { clock, queue, deadLetterQueue, poller, results, stop } = setup(
      (job, context) => (job.object?.key === 'good' ? undefined : raise(value)(job, context)),
      {
        logger: logger(),
        aroundJob: aroundJobs(logContext, traceJobs()),
      },
    );
    poller.on('job:ended', ({ error }) => error !== undefined && strictLogger().error({ err: error }, ''));
    queue.send(objectCreatedEvent({ key: 'bad' }));
    await poller.start();
    await clock.advance(10_000);
    queue.send(objectCreatedEvent({ key: 'good' }));
    await clock.advance(40_000);
    expect(results.filter((result) => result !== 'succeeded').length).toBeGreaterThan(0);
    expect(['failed', 'poisoned']).toEqual(expect.arrayContaining(results.slice(0, -1)));
    expect(results.at(-1)).toBe('succeeded');
    expect([queue.messages.length, deadLetterQueue.messages.length]).toEqual([0, 1]);
    expect(await stop()).toMatchObject({ unconfirmed: 0, abandoned: 0 });
  });

  it('does not block its group on a FIFO queue', async () => {
    const { clock, queue, deadLetterQueue, poller, results, stop } = setup(
      (job, context) => (job.type === 'good' ? undefined : raise(value)(job, context)),
      { logger: strictLogger() },
      'jobs.fifo',
    );
    ['bad', 'good'].forEach((type) => queue.send({ fileworksJob: 1, type }, { groupId: 'g', deduplicationId: type }));
    await poller.start();
    await clock.advance(60_000);
    expect(results.at(-1)).toBe('succeeded');
    expect(deadLetterQueue.messages).toHaveLength(1);
    await stop();
  });
});

it('settles a message although the logger throws', async () => {
  const broken = new Proxy({} as Logger, {
    get: () => () => {
      throw new Error('disk full');
    },
  });
  const { clock, queue, deadLetterQueue, poller, results, stop } = setup(
    raise(() => new Error('never')),
    {
      logger: broken,
    },
  );
  queue.send(objectCreatedEvent({ key: 'bad' }));
  await poller.start();
  await clock.advance(60_000);
  expect(results).toEqual(['failed', 'failed']);
  expect([queue.messages.length, deadLetterQueue.messages.length]).toEqual([0, 1]);
  await stop();
});
