import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import {
  EcsScaleInProtection,
  type JobHandler,
  QueuePoller,
  type ScaleInProtection,
} from '../../../src/runtime/queue/index.js';
import { silentLogger } from '../../../src/runtime/support/logger.js';
import { InMemoryQueues, ManualClock, objectCreatedEvent } from '../../../src/runtime/testing/index.js';
import { untilAborted } from '../support/handlers.js';

function setup(handler: JobHandler, answers: readonly ('granted' | 'refused')[] = []) {
  const clock = new ManualClock();
  const log: string[] = [];
  const remaining = [...answers];
  const protection: ScaleInProtection = {
    renewEveryMs: 300_000,
    releaseAfterIdleMs: 60_000,
    acquire: () => {
      log.push('acquire');
      return Promise.resolve(remaining.shift() ?? 'granted');
    },
    release: () => {
      log.push('release');
      return Promise.resolve();
    },
  };
  const queues = new InMemoryQueues(clock);
  const queue = queues.create('jobs');
  const poller = new QueuePoller({
    queues: [{ url: queue.url, handler, maxReceiveCount: 3 }],
    transport: queues,
    clock,
    protection,
  });
  poller.on('api:called', ({ operation }) => operation === 'receive' && log.push('receive'));
  poller.on('job:started', () => log.push('start'));
  const stop = async () => {
    const report = poller.stop();
    await clock.advance(60_000);
    return report;
  };
  return { clock, queue, poller, log, protection, stop };
}

describe('a poller with scale-in protection', () => {
  it('takes it before the first receive', async () => {
    const { clock, poller, log, stop } = setup(() => undefined);
    await poller.start();
    await clock.advance(0);
    expect(log).toEqual(['acquire', 'receive']);
    await stop();
    expect(log.at(-1)).toBe('release');
  });

  it('renews it while a job runs, and releases it a while after the last', async () => {
    const run = untilAborted();
    const { clock, queue, poller, log, stop } = setup(run.handler);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(700_000);
    expect(log.filter((entry) => entry === 'acquire')).toHaveLength(3);
    run.finish();
    await clock.advance(50_000);
    expect(log).not.toContain('release');
    await clock.advance(30_000);
    expect(log).toContain('release');
    await stop();
  });

  it('holds work back until it is protected again after a quiet time', async () => {
    const { clock, queue, poller, log, stop } = setup(() => undefined);
    await poller.start();
    await clock.advance(120_000);
    expect(log.filter((entry) => entry !== 'receive')).toEqual(['acquire', 'release']);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await clock.advance(1_000);
    expect(log.filter((entry) => entry !== 'receive')).toEqual(['acquire', 'release', 'acquire', 'start']);
    await stop();
  });

  it('drains when it is refused, and releases what it has not started', async () => {
    const { clock, queue, poller, log } = setup(() => undefined, ['granted', 'refused']);
    await poller.start();
    await clock.advance(120_000);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await clock.advance(60_000);
    expect(poller.state).toBe('stopped');
    expect(log).not.toContain('start');
    expect(queue.visible).toBe(1);
  });

  it('acquires it only after its release was answered, since the last call to arrive wins', async () => {
    const { clock, queue, poller, log, protection, stop } = setup(() => undefined);
    jest.spyOn(protection, 'release').mockImplementation(async () => {
      log.push('release');
      await new Promise<void>((resolve) => clock.after(4_000, resolve));
      log.push('released');
    });
    await poller.start();
    await clock.advance(60_500);
    queue.send(objectCreatedEvent({ key: 'a' }));
    await clock.advance(10_000);
    expect(log.filter((entry) => entry !== 'receive')).toEqual(['acquire', 'release', 'released', 'acquire', 'start']);
    await stop();
  });

  it('works without it when acquiring fails in an unforeseen way', async () => {
    const { clock, queue, poller, log, protection, stop } = setup(() => undefined);
    jest.spyOn(protection, 'acquire').mockRejectedValue(new Error('bug'));
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(1_000);
    expect(log).toContain('start');
    await stop();
  });

  it('tries again soon when acquiring or renewing it fails, and works meanwhile', async () => {
    const run = untilAborted();
    const { clock, queue, poller, log, protection, stop } = setup(run.handler);
    const times: number[] = [];
    const answers = ['failed', 'failed', 'granted', 'failed', 'granted'] as const;
    jest.spyOn(protection, 'acquire').mockImplementation(() => {
      times.push(clock.now());
      return Promise.resolve(answers[times.length - 1] ?? 'granted');
    });
    queue.send(objectCreatedEvent({ key: 'a' }));
    await poller.start();
    await clock.advance(320_000);
    expect(log).toContain('start');
    // Twice after a failure, once when it is due, and once after that failed.
    expect(times).toHaveLength(5);
    expect(times[2]).toBeLessThanOrEqual(2_000 + 4_000);
    expect(times[4] - times[3]).toBeLessThanOrEqual(2_000);
    run.finish();
    await clock.advance(100_000);
    expect(log).toContain('release');
    await stop();
  });

  it('releases it while the poller is paused and nothing runs', async () => {
    const { clock, poller, log, stop } = setup(() => undefined);
    await poller.start();
    await clock.advance(1_000);
    poller.pause();
    await clock.advance(120_000);
    expect(log).toContain('release');
    await stop();
  });

  it('waits no longer for the platform when it stops than there is time', async () => {
    const { clock, poller, protection } = setup(() => undefined);
    await poller.start();
    await clock.advance(1_000);
    jest.spyOn(protection, 'release').mockReturnValue(new Promise(() => undefined));
    void poller.stop();
    await clock.advance(30_000);
    expect(poller.state).toBe('stopped');
  });

  it('receives nothing when it is refused at the start', async () => {
    const { clock, poller, log } = setup(() => undefined, ['refused']);
    await poller.start();
    await clock.advance(1_000);
    expect(log).toEqual(['acquire']);
    expect(poller.state).toBe('stopped');
  });
});

describe('the ECS agent', () => {
  let server: Server;
  let answer: { readonly status: number; readonly body: unknown };
  const requests: unknown[] = [];

  beforeEach(async () => {
    requests.length = 0;
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          requests.push([request.method, request.url, JSON.parse(Buffer.concat(chunks).toString())]);
          response.writeHead(answer.status).end(JSON.stringify(answer.body));
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const protection = () =>
    new EcsScaleInProtection(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`, silentLogger);

  it('is asked for ten minutes, and called again when they are no longer needed', async () => {
    answer = { status: 200, body: { protection: { ProtectionEnabled: true } } };
    const ecs = protection();
    expect(await ecs.acquire()).toBe('granted');
    await ecs.release();
    expect(requests).toEqual([
      ['PUT', '/api/v1/task-protection/v1/state', { ProtectionEnabled: true, ExpiresInMinutes: 10 }],
      ['PUT', '/api/v1/task-protection/v1/state', { ProtectionEnabled: false }],
    ]);
  });

  it.each<[string, 'granted' | 'refused' | 'failed', number, unknown]>([
    ['a failure, as during a blocked deployment,', 'refused', 200, { failure: { Reason: 'DEPLOYMENT_BLOCKED' } }],
    ['a task without a service', 'granted', 400, { failure: { Reason: 'TASK_NOT_VALID' } }],
    ['a throttled call', 'failed', 400, { error: { Code: 'ThrottlingException' } }],
    ['a missing permission', 'failed', 400, { error: { Code: 'AccessDeniedException' } }],
    ['an answer without a reason', 'failed', 500, {}],
  ])('answers %s: %s', async (_, expected, status, body) => {
    answer = { status, body };
    expect(await protection().acquire()).toBe(expected);
  });

  it('is not asked again by a task without a service', async () => {
    answer = { status: 400, body: { failure: { Reason: 'TASK_NOT_VALID' } } };
    const ecs = protection();
    await ecs.acquire();
    await ecs.acquire();
    await ecs.release();
    expect(requests).toHaveLength(1);
  });

  it('may be unavailable: work continues', async () => {
    expect(await new EcsScaleInProtection('http://127.0.0.1:1', silentLogger).acquire()).toBe('failed');
  });
});
