import { type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ContextIdFactory, type DiscoveryService, type MetadataScanner, ModuleRef } from '@nestjs/core';
import { FILE_HANDLER_METADATA, type FileHandlerOptions } from './file-handler.js';
import { ConfigurationError } from '../errors.js';
import { type JobHandler, QueuePoller, type QueueOptions, type QueuePollerOptions } from '../queue/index.js';
import { queueNameOf } from '../queue/transport.js';
import { EmfMetrics } from '../telemetry/index.js';
import { recordMetrics } from '../jobs/worker-metrics.js';

export interface FileworksModuleOptions extends Omit<QueuePollerOptions, 'queues'> {
  /** The queues; their handlers are the methods marked with `@FileHandler()`. */
  readonly queues: readonly Omit<QueueOptions, 'handler' | 'schema'>[];
  /** @default - CloudWatch metrics as log lines on standard output */
  readonly metrics?: EmfMetrics;
}

type Prototype = Readonly<Record<string, unknown>> & { readonly constructor: { readonly name: string } };
type Provider = ReturnType<DiscoveryService['getProviders']>[number];

interface FoundHandler {
  readonly where: string;
  readonly options: FileHandlerOptions;
  readonly handler: JobHandler;
}

/**
 * Starts the poller when the application is ready, and drains it first of all when the application shuts down: Nest
 * waits for it before it calls a shutdown hook of the application, `onModuleDestroy` included.
 */
export class FileworksRunner implements OnApplicationBootstrap, OnModuleDestroy {
  #poller: QueuePoller | undefined;

  constructor(
    private readonly options: FileworksModuleOptions,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** The running poller, for its events and statistics; undefined before the application has started. */
  get poller(): QueuePoller | undefined {
    return this.#poller;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { queues, metrics, ...rest } = this.options;
    this.#poller = new QueuePoller({ ...rest, queues: assign(queues, this.#findHandlers()) });
    recordMetrics(this.#poller, metrics ?? new EmfMetrics());
    await this.#poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.#poller?.stop({ reason: 'application shuts down' });
  }

  #findHandlers(): FoundHandler[] {
    return this.discovery.getProviders().flatMap((provider) => {
      const prototype = prototypeOf(provider);
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const method = prototype?.[name];
        const options =
          typeof method === 'function'
            ? (Reflect.getMetadata(FILE_HANDLER_METADATA, method) as FileHandlerOptions | undefined)
            : undefined;
        return options === undefined
          ? []
          : [
              {
                where: `${prototype?.constructor.name}.${name}`,
                options,
                handler: isShared(provider)
                  ? (method as JobHandler).bind(provider.instance)
                  : resolvedForEachJob(provider, name),
              },
            ];
      });
    });
  }
}

/** The prototype of the provider's class; of one that a factory makes for each request, no instance exists yet. */
function prototypeOf({ instance, metatype, inject }: Provider): Prototype | null {
  if (typeof instance === 'object' && instance !== null) {
    return Object.getPrototypeOf(instance) as Prototype | null;
  }
  return inject === undefined && typeof metatype === 'function' ? (metatype.prototype as Prototype) : null;
}

/** Whether one instance does all jobs: neither the provider nor anything that it depends on has another scope. */
function isShared(provider: Provider): boolean {
  return provider.isDependencyTreeStatic() && !provider.isTransient;
}

/**
 * A job is the request of providers that are scoped to requests: each has an instance of its own, with the job and its
 * context under the token `REQUEST`.
 *
 * @throws ConfigurationError when the provider belongs to no module
 */
function resolvedForEachJob({ token, host }: Provider, name: string): JobHandler {
  const moduleRef = host?.getProviderByKey<ModuleRef>(ModuleRef).instance;
  if (moduleRef === undefined) {
    throw new ConfigurationError([
      `the provider of @FileHandler() ${name} belongs to no module, so it cannot be resolved for each job; use the scope DEFAULT`,
    ]);
  }
  return async (job, context) => {
    const contextId = ContextIdFactory.create();
    moduleRef.registerRequestByContextId({ job, context }, contextId);
    const instance = await moduleRef.resolve<Record<string, JobHandler>>(token as string, contextId);
    await instance[name](job, context);
  };
}

/** @throws ConfigurationError when a queue has no handler or several, or a handler has no queue */
function assign(
  queues: FileworksModuleOptions['queues'],
  found: readonly FoundHandler[],
): QueuePollerOptions['queues'] {
  const names = queues.map(({ url, name }) => name ?? queueNameOf(url));
  const problems = found
    .filter(({ options: { queue } }) => queue !== undefined && !names.includes(queue))
    .map(
      ({ where, options }) =>
        `@FileHandler() of ${where} names the queue ${options.queue}, expected one of ${names.join(', ')}`,
    );
  const unnamed = found.filter(({ options }) => options.queue === undefined);
  const assigned = queues.map((queue, index) => {
    const named = found.filter(({ options }) => options.queue === names[index]);
    const handlers = named.length > 0 ? named : unnamed;
    if (handlers.length !== 1) {
      const got = handlers.map(({ where }) => where).join(', ');
      problems.push(
        `expected one method with @FileHandler() for the queue ${names[index]}, got ${got === '' ? 'none' : got}`,
      );
    }
    const schema = handlers[0]?.options.schema;
    return {
      handlers,
      queue: { ...queue, ...(schema === undefined ? {} : { schema }), handler: handlers[0]?.handler },
    };
  });
  const idle = unnamed.filter((handler) => !assigned.some(({ handlers }) => handlers.includes(handler)));
  problems.push(
    ...idle.map(({ where }) => `@FileHandler() of ${where} has no queue: others are named for ${names.join(', ')}`),
  );
  if (problems.length > 0) {
    throw new ConfigurationError(problems);
  }
  return assigned.map(({ queue }) => queue) as QueuePollerOptions['queues'];
}
