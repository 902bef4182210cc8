import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, type INestApplicationContext, type Provider, Scope } from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { z } from 'zod';
import {
  FileHandler,
  FileworksHealthIndicator,
  FileworksModule,
  FileworksRunner,
} from '../../../src/runtime/nestjs/index.js';
import { type Job } from '../../../src/runtime/queue/index.js';
import { EmfMetrics } from '../../../src/runtime/telemetry/index.js';
import { type InMemoryQueue, InMemoryQueues, objectCreatedEvent } from '../../../src/runtime/testing/index.js';
import { until } from '../support/until.js';

class Store {
  readonly keys: string[] = [];
}

class ZipHandler {
  constructor(private readonly store: Store) {}

  handle(job: Job): void {
    this.store.keys.push(job.object?.key ?? JSON.stringify(job.body));
  }
}

/** As `@FileHandler()` above the method does; the tests are compiled without decorators. */
function mark(options?: Parameters<typeof FileHandler>[0]): void {
  const descriptor = Object.getOwnPropertyDescriptor(ZipHandler.prototype, 'handle');
  FileHandler(options)(ZipHandler.prototype, 'handle', descriptor ?? {});
}

class Other {
  other(): void {
    // Never called
  }
}

async function createApp(
  queues: InMemoryQueues,
  named: readonly InMemoryQueue[],
  more: Provider[] = [],
  handler: Provider = { provide: ZipHandler, useFactory: (store: Store) => new ZipHandler(store), inject: [Store] },
): Promise<INestApplicationContext> {
  class AppModule {}
  const module = {
    module: AppModule,
    imports: [
      FileworksModule.forRootAsync({
        useFactory: () => ({
          queues: named.map(({ url }) => ({ url, maxReceiveCount: 3 })),
          transport: queues,
          receive: { waitTimeSeconds: 1 },
          metrics: new EmfMetrics({ write: () => undefined }),
        }),
      }),
    ],
    providers: [Store, ...more, handler],
  };
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and takes literals
  return NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
}

it('gives jobs to the method with @FileHandler(), on its provider, and drains when the application closes', async () => {
  mark();
  const queues = new InMemoryQueues();
  const queue = queues.create('jobs');
  const app = await createApp(queues, [queue]);
  const indicator = app.get(FileworksHealthIndicator);
  queue.send(objectCreatedEvent({ key: 'a.zip' }));
  await until(() => app.get(Store).keys.length === 1);
  expect(app.get(Store).keys).toEqual(['a.zip']);
  expect(indicator.isReady()).toEqual({ fileworks: { status: 'up', problems: [] } });
  await app.close();
  expect(queue.deleted).toHaveLength(1);
  expect(app.get(FileworksRunner).poller?.state).toBe('stopped');
  expect(indicator.isReady('worker')).toEqual({ worker: { status: 'down', problems: ['worker is stopped'] } });
});

it('validates bodies with the schema of the handler', async () => {
  mark({ schema: z.object({ order: z.number() }) });
  const queues = new InMemoryQueues();
  const queue = queues.create('jobs');
  const app = await createApp(queues, [queue]);
  queue.send({ order: 7 });
  await until(() => app.get(Store).keys.length === 1);
  expect(app.get(Store).keys).toEqual(['{"order":7}']);
  await app.close();
});

it('gives the jobs of every queue to the one method that names none', async () => {
  mark();
  const queues = new InMemoryQueues();
  const both = [queues.create('normal'), queues.create('high')];
  const app = await createApp(queues, both);
  both.forEach((queue) =>
    queue.send(objectCreatedEvent({ key: `${queue.url.slice(queue.url.lastIndexOf('/') + 1)}.zip` })),
  );
  await until(() => app.get(Store).keys.length === 2);
  expect(app.get(Store).keys.toSorted()).toEqual(['high.zip', 'normal.zip']);
  await app.close();
});

describe.each([
  ['REQUEST', Scope.REQUEST],
  ['TRANSIENT', Scope.TRANSIENT],
])('a handler with the scope %s', (_, scope) => {
  it('is resolved for each job, with its dependencies', async () => {
    let made = 0;
    class Scoped {
      readonly number = (made += 1);
      constructor(
        private readonly store: Store,
        private readonly request: unknown,
      ) {}

      handle(job: Job): void {
        const { job: requested } = (this.request ?? {}) as { readonly job?: Job };
        this.store.keys.push(`${job.object?.key} by ${this.number}${requested === job ? ', with its job' : ''}`);
      }
    }
    Inject(Store)(Scoped, undefined, 0);
    Inject(scope === Scope.REQUEST ? REQUEST : 'nothing')(Scoped, undefined, 1);
    FileHandler()(Scoped.prototype, 'handle', Object.getOwnPropertyDescriptor(Scoped.prototype, 'handle') ?? {});
    const queues = new InMemoryQueues();
    const queue = queues.create('jobs');
    const nothing = { provide: 'nothing', useValue: null };
    const app = await createApp(queues, [queue], [nothing], { provide: Scoped, useClass: Scoped, scope });
    const store = app.get(Store);
    for (const key of ['a', 'b']) {
      const before = store.keys.length;
      queue.send(objectCreatedEvent({ key }));
      await until(() => store.keys.length > before);
    }
    await app.close();
    const more = scope === Scope.REQUEST ? ', with its job' : '';
    expect(store.keys.map((line) => line.replace(/\d+/, '#'))).toEqual([`a by #${more}`, `b by #${more}`]);
    expect(new Set(store.keys.map((line) => /\d+/.exec(line)?.[0])).size).toBe(2);
    expect(queue.deleted).toHaveLength(2);
  });
});

it('starts jobs after the application is initialized, and ends them before anything of it is destroyed', async () => {
  const log: string[] = [];
  class Database {
    async onApplicationBootstrap(): Promise<void> {
      await sleep(50);
      log.push('database open');
    }

    onModuleDestroy(): void {
      log.push('database closed');
    }
  }
  class Handler {
    async handle(): Promise<void> {
      log.push('job started');
      await sleep(200);
      log.push('job ended');
    }
  }
  FileHandler()(Handler.prototype, 'handle', Object.getOwnPropertyDescriptor(Handler.prototype, 'handle') ?? {});
  const queues = new InMemoryQueues();
  const queue = queues.create('jobs');
  queue.send(objectCreatedEvent({ key: 'a' }));
  const app = await createApp(queues, [queue], [Database], Handler);
  await until(() => log.includes('job started'));
  await app.close();
  expect(log).toEqual(['database open', 'job started', 'job ended', 'database closed']);
});

it('fails to start when two methods could have the jobs of a queue, or one has none', async () => {
  const queues = new InMemoryQueues();
  mark();
  const descriptor = Object.getOwnPropertyDescriptor(Other.prototype, 'other');
  FileHandler()(Other.prototype, 'other', descriptor ?? {});
  await expect(createApp(queues, [queues.create('a')], [Other])).rejects.toMatchObject({
    problems: ['expected one method with @FileHandler() for the queue a, got Other.other, ZipHandler.handle'],
  });
  FileHandler({ queue: 'b' })(Other.prototype, 'other', descriptor ?? {});
  await expect(createApp(queues, [queues.create('b')], [Other])).rejects.toMatchObject({
    problems: ['@FileHandler() of ZipHandler.handle has no queue: others are named for b'],
  });
});

it('fails to start when a handler names a queue that is not there', async () => {
  mark({ queue: 'c' });
  const queues = new InMemoryQueues();
  await expect(createApp(queues, [queues.create('a')])).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' });
});
