import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { DependencyUnavailable } from '../../src/runtime/errors.js';
import { type Logger } from '../../src/runtime/support/logger.js';
import { createLogger, EmfMetrics } from '../../src/runtime/telemetry/index.js';
import { InMemoryQueues, objectCreatedEvent } from '../../src/runtime/testing/index.js';
import { runWorker, WorkerExitCode } from '../../src/runtime/worker.js';
import { untilAborted } from './support/handlers.js';
import { freePort } from './support/ports.js';
import { until } from './support/until.js';

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function memoryLogger(lines: Line[]): Logger {
  return createLogger({
    level: 'info',
    bindJob: false,
    destination: { write: (line) => lines.push(JSON.parse(line) as Line) },
  });
}

/** Starts a worker on a queue in memory; `exited` resolves with its exit code. */
function start(
  handler: Parameters<typeof runWorker>[0],
  env: Record<string, string> = {},
  options: Parameters<typeof runWorker>[1] = {},
) {
  const queues = new InMemoryQueues();
  const queue = queues.create('jobs', {
    deadLetterQueue: queues.create('jobs-dlq'),
    maxReceiveCount: Number({ FILEWORKS_MAX_RECEIVE_COUNT: '3', ...env }.FILEWORKS_MAX_RECEIVE_COUNT),
  });
  const lines: Line[] = [];
  const metrics: Record<string, unknown>[] = [];
  const exited = new Promise<number>((exit) => {
    void runWorker(handler, {
      env: {
        FILEWORKS_QUEUE_URL: queue.url,
        FILEWORKS_MAX_RECEIVE_COUNT: '3',
        FILEWORKS_STOP_TIMEOUT_SECONDS: '2',
        ...env,
      },
      transport: queues,
      receive: { waitTimeSeconds: 1 },
      logger: memoryLogger(lines),
      metrics: new EmfMetrics({ write: (line) => metrics.push(JSON.parse(line) as Record<string, unknown>) }),
      exit,
      ...options,
    });
  });
  return { queue, lines, metrics, exited };
}

async function status(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}

it('works on its queue, drains on SIGTERM and exits with 0', async () => {
  const keys: (string | undefined)[] = [];
  const { queue, lines, exited } = start((job) => keys.push(job.object?.key));
  queue.send(objectCreatedEvent({ bucket: 'inbox', key: 'a.zip', id: 'event-1' }));
  await until(() => keys.length > 0);
  expect(keys).toEqual(['a.zip']);
  process.emit('SIGTERM', 'SIGTERM');
  expect(await exited).toBe(WorkerExitCode.stopped);
  expect(queue.messages).toEqual([]);
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'job succeeded',
      correlationId: 'event-1',
      attempt: 1,
      file: 'inbox/a.zip',
      queue: 'jobs',
    }),
  );
});

it('works on a further queue first when its weight is higher and the priority strict', async () => {
  const done: (string | undefined)[] = [];
  const queues = new InMemoryQueues();
  const [own, express] = ['jobs', 'express'].map((name) => queues.create(name, { maxReceiveCount: 3 }));
  for (const key of ['1', '2', '3']) {
    own.send(objectCreatedEvent({ key: `own-${key}` }));
    express.send(objectCreatedEvent({ key: `express-${key}` }));
  }
  const exited = new Promise<number>((exit) => {
    void runWorker(
      async (job) => {
        // Long enough for a message of either queue to be there for the next free slot.
        await new Promise((resolve) => setTimeout(resolve, 50));
        done.push(job.object?.key.split('-')[0]);
      },
      {
        env: {
          FILEWORKS_QUEUE_URL: own.url,
          FILEWORKS_MAX_RECEIVE_COUNT: '3',
          FILEWORKS_STOP_TIMEOUT_SECONDS: '2',
          FILEWORKS_CONCURRENCY: '1',
          FILEWORKS_ADDITIONAL_QUEUES: JSON.stringify([{ url: express.url, maxReceiveCount: 3, weight: 5 }]),
          FILEWORKS_QUEUE_STRATEGY: 'strict',
        },
        transport: queues,
        prefetch: 3,
        receive: { waitTimeSeconds: 1 },
        logger: memoryLogger([]),
        metrics: new EmfMetrics({ write: () => undefined }),
        exit,
      },
    );
  });
  await until(() => done.length === 6);
  process.emit('SIGTERM', 'SIGTERM');
  expect(await exited).toBe(WorkerExitCode.stopped);
  // The first slot is given before the second queue has answered.
  expect(done.slice(1, 4).filter((queue) => queue === 'express').length).toBeGreaterThanOrEqual(2);
  expect(done.slice(4)).toEqual(['own', 'own']);
});

it.each(['{', '{}', '[null]', '[{"weight":1}]'])(
  'fails by name when the further queues of the environment are %s',
  async (text) => {
    const { lines, exited } = start(() => undefined, { FILEWORKS_ADDITIONAL_QUEUES: text });
    expect(await exited).toBe(WorkerExitCode.configuration);
    expect(lines.map(({ problem }) => problem)).toEqual([
      `expected \`FILEWORKS_ADDITIONAL_QUEUES\` to be a JSON array of objects with the \`url\` of a queue, got: ${text}`,
    ]);
  },
);

it('gives unfinished work back when a second signal comes', async () => {
  const run = untilAborted();
  const { queue, exited } = start(run.handler);
  queue.send(objectCreatedEvent({ key: 'a' }));
  await until(() => run.contexts.length > 0);
  process.emit('SIGTERM', 'SIGTERM');
  process.emit('SIGTERM', 'SIGTERM');
  expect(await exited).toBe(WorkerExitCode.stopped);
  expect(queue.visible).toBe(1);
});

it('serves /livez and /readyz on the port of the environment', async () => {
  const port = await freePort();
  const run = untilAborted();
  const { queue, exited } = start(run.handler, { FILEWORKS_HEALTH_PORT: String(port) });
  queue.send(objectCreatedEvent({ key: 'a' }));
  await until(() => run.contexts.length > 0);
  expect([await status(port, '/livez'), await status(port, '/readyz'), await status(port, '/')]).toEqual([
    200, 200, 404,
  ]);
  process.emit('SIGTERM', 'SIGTERM');
  expect([await status(port, '/livez'), await status(port, '/readyz')]).toEqual([200, 503]);
  run.finish();
  expect(await exited).toBe(0);
});

it('fails with every problem of the environment at once', async () => {
  const { lines, exited } = start(() => undefined, {
    FILEWORKS_QUEUE_URL: '',
    FILEWORKS_CONCURRENCY: 'ten',
    FILEWORKS_STOP_TIMEOUT_SECONDS: '300',
  });
  expect(await exited).toBe(WorkerExitCode.configuration);
  expect(lines.map(({ level, problem }) => [level, problem])).toEqual([
    [
      'fatal',
      'expected `FILEWORKS_QUEUE_URL` to be the URL of a queue, but it is not set; QueueScaledFargateWorker sets it',
    ],
    ['fatal', 'expected `FILEWORKS_STOP_TIMEOUT_SECONDS` to be a whole number from 2 to 120, got: 300'],
    ['fatal', 'expected `FILEWORKS_CONCURRENCY` to be a whole number from 1 to 10000, got: ten'],
  ]);
});

it('fails by name when the log level of the environment is none', async () => {
  const exited = new Promise<number>((exit) => {
    void runWorker(() => undefined, {
      env: { FILEWORKS_QUEUE_URL: 'https://sqs/0/jobs', FILEWORKS_LOG_LEVEL: 'loud' },
      exit,
    });
  });
  expect(await exited).toBe(WorkerExitCode.configuration);
});

it('fails by name when the port of the health server is taken', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { lines, exited } = start(() => undefined, { FILEWORKS_HEALTH_PORT: String(port) });
  const code = await exited;
  await new Promise((resolve) => server.close(resolve));
  expect(code).toBe(WorkerExitCode.configuration);
  expect(lines.map(({ problem }) => problem)).toEqual([
    `cannot listen on port ${port} of \`FILEWORKS_HEALTH_PORT\`: EADDRINUSE; choose one that nothing else in the container uses`,
  ]);
});

it('reports for how long a dependency has been unavailable, and continues when it answers', async () => {
  let isUnavailable = true;
  let tries = 0;
  const { queue, lines, metrics, exited } = start(
    () => {
      tries += 1;
      if (isUnavailable) {
        throw new DependencyUnavailable('billing');
      }
    },
    { FILEWORKS_MAX_RECEIVE_COUNT: '1' },
  );
  queue.send(objectCreatedEvent({ key: 'a' }));
  await until(() => lines.some(({ msg }) => msg.startsWith('dependency is unavailable')));
  await new Promise((resolve) => setTimeout(resolve, 5_500));
  expect(tries).toBe(1);
  isUnavailable = false;
  await until(() => queue.deleted.length === 1);
  expect(tries).toBe(2);
  process.emit('SIGTERM', 'SIGTERM');
  expect(await exited).toBe(WorkerExitCode.stopped);
  const reported = metrics.filter(({ DependencyUnavailableTime: time }) => time !== undefined);
  expect(reported).toContainEqual(expect.objectContaining({ QueueName: 'jobs', Dependency: 'billing' }));
  expect(reported.filter(({ Dependency: dependency }) => dependency === undefined)).toEqual([
    expect.objectContaining({ QueueName: 'jobs' }),
  ]);
});

it('releases its messages and exits with 70 after an uncaught exception', async () => {
  const run = untilAborted();
  const { queue, lines, exited } = start(run.handler);
  queue.send(objectCreatedEvent({ key: 'a' }));
  await until(() => run.contexts.length > 0);
  process.emit('uncaughtException', new Error('boom'));
  expect(await exited).toBe(WorkerExitCode.crashed);
  expect(queue.visible).toBe(1);
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'fatal', err: expect.objectContaining({ message: 'boom' }) as object }),
  );
});
