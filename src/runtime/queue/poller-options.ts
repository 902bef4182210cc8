import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type JobHandler } from './job.js';
import { type ScaleInProtection } from './scale-in-protection.js';
import { policyOf, type QueuePolicy } from './queue-policy.js';
import { SqsTransport } from './sqs-transport.js';
import { queueNameOf, type QueueTransport } from './transport.js';
import { FargateLimits, SqsLimits, WorkerLimits } from '../../contract/service-limits.js';
import { type Backoff, exponentialBackoff } from '../support/backoff.js';
import { type Clock, systemClock } from '../support/clock.js';
import { type AroundJob } from '../support/job-info.js';
import { type Logger, silentLogger, unfailing } from '../support/logger.js';
import { OptionChecks } from '../support/option-checks.js';

export interface QueueOptions<Body = never> {
  /** URL of the queue; one that ends in `.fifo` is processed in order. */
  readonly url: string;
  /** @default - the last part of the URL */
  readonly name?: string;
  readonly handler: JobHandler<Body>;
  /**
   * Validates and types the body; any library that implements Standard Schema.
   *
   * @default - S3 events and job messages only, unvalidated
   */
  readonly schema?: StandardSchemaV1<unknown, Body>;
  /** Share of the slots under `weighted`, relative to the other queues; 1 to 1000. @default 1 */
  readonly weight?: number;
  /** Maximum number of slots of this queue; 1 or more. @default - all */
  readonly maxConcurrency?: number;
  /** Where poison messages are moved at once. @default - they are retried until SQS moves them */
  readonly deadLetterQueueUrl?: string;
  /**
   * Receives after which SQS moves a message to the dead-letter queue; 1 to 1000. @default - read from the queue at
   * the start
   */
  readonly maxReceiveCount?: number;
}

export interface QueuePollerOptions {
  /**
   * The queues to process, under `strict` in order of priority. Each has its own type of body.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- an array cannot carry one type parameter per element
  readonly queues: readonly QueueOptions<any>[];
  /**
   * `weighted`: busy queues share the slots by weight. `strict`: a queue is processed only while those before it are
   * empty.
   *
   * @default weighted
   */
  readonly strategy?: 'weighted' | 'strict';
  /** Maximum number of concurrent jobs, of all queues together; 1 to 10000. @default 10 */
  readonly concurrency?: number;
  /**
   * Messages that are received and leased ahead of a free slot. `auto`: about what one second of work takes, and none
   * when jobs are long.
   *
   * @default auto
   */
  readonly prefetch?: 'auto' | number;
  readonly receive?: {
    /**
     * Length of a long poll in seconds, 1 to 20, and short enough to end before the release reserve begins.
     *
     * @default - 20, or less when the stop timeout leaves less
     */
    readonly waitTimeSeconds?: number;
    /** Maximum number of concurrent long polls per queue, 1 to 100. @default 20 */
    readonly maxReceivers?: number;
  };
  readonly visibility?: {
    /**
     * Seconds that a message stays hidden without a heartbeat, 3 to 43200: how long a killed worker delays its jobs.
     * @default 120
     */
    readonly timeoutSeconds?: number;
    /**
     * The handler's signal aborts after this many seconds, 1 to 43200. @default 43080, two minutes before the lease
     * ends
     */
    readonly maxLeaseSeconds?: number;
  };
  readonly ack?: {
    /** How long a delete waits for nine others, in milliseconds, 0 to 20000; FIFO queues never wait. @default 2000 */
    readonly lingerMs?: number;
    /** How long a finished message is recognized when SQS delivers it again, 0 to 43200 seconds. @default 900 */
    readonly tombstoneSeconds?: number;
  };
  /** Wait before the next attempt. @default exponentialBackoff() */
  readonly retry?: Backoff;
  /** The handler's signal aborts after this time, more than 0 seconds. @default - no limit other than the lease */
  readonly handlerTimeoutSeconds?: number;
  readonly shutdown?: {
    /** Seconds from SIGTERM to SIGKILL, 2 to 120. @default 30, the default of ECS */
    readonly stopTimeoutSeconds?: number;
    /**
     * Unfinished work is released this many seconds before the stop timeout. 1 or more. @default - a fifth of it, 1 to
     * 10
     */
    readonly releaseReserveSeconds?: number;
  };
  /** Protection of the task from scale-in while it works. @default - none */
  readonly protection?: ScaleInProtection;
  /** @default - SQS */
  readonly transport?: QueueTransport;
  /** Wraps each job, for example in a log context or a span. */
  readonly aroundJob?: AroundJob;
  /** @default - silent */
  readonly logger?: Logger;
  /** @default - the clock of the machine */
  readonly clock?: Clock;
}

export interface ResolvedQueue {
  readonly url: string;
  readonly name: string;
  readonly policy: QueuePolicy;
  readonly handler: JobHandler;
  readonly schema: StandardSchemaV1 | undefined;
  readonly weight: number;
  readonly maxConcurrency: number;
  readonly deadLetterQueueUrl: string | undefined;
  readonly maxReceiveCount: number | undefined;
}

export interface ResolvedOptions {
  readonly queues: readonly ResolvedQueue[];
  readonly strategy: 'weighted' | 'strict';
  readonly concurrency: number;
  readonly prefetch: 'auto' | number;
  readonly waitTimeSeconds: number;
  readonly maxReceivers: number;
  readonly visibilitySeconds: number;
  readonly maxLeaseSeconds: number;
  readonly deleteLingerMs: number;
  readonly tombstoneMs: number;
  readonly retry: Backoff;
  readonly handlerTimeoutSeconds: number | undefined;
  readonly stopTimeoutSeconds: number;
  readonly releaseReserveSeconds: number;
  readonly protection: ScaleInProtection | undefined;
  readonly transport: QueueTransport;
  /** Whether the poller created the transport and therefore closes it. */
  readonly ownsTransport: boolean;
  readonly aroundJob: AroundJob;
  readonly logger: Logger;
  readonly clock: Clock;
}

const DEFAULT_CONCURRENCY = 10;
const DEFAULT_MAX_RECEIVERS = 20;
export const DEFAULT_VISIBILITY_SECONDS = 120;
const DEFAULT_MAX_LEASE_SECONDS = 43_080;
const DEFAULT_DELETE_LINGER_MS = 2_000;
const DEFAULT_TOMBSTONE_SECONDS = 900;
const DEFAULT_STOP_TIMEOUT_SECONDS = 30;
const MIN_RESERVE_SECONDS = 1;
const MAX_RESERVE_SECONDS = 10;

/** A long poll that is open when the worker stops must be able to answer before unfinished work is released. */
function longestWait(stopTimeoutSeconds: number, releaseReserveSeconds: number): number {
  return Math.min(
    SqsLimits.maxReceiveWaitSeconds,
    Math.max(1, Math.floor(stopTimeoutSeconds - releaseReserveSeconds - 1)),
  );
}

/** @throws ConfigurationError with every problem found */
export function resolveOptions(options: QueuePollerOptions): ResolvedOptions {
  const { receive = {}, visibility = {}, ack = {}, shutdown = {} } = options;
  const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
  const stopTimeoutSeconds = shutdown.stopTimeoutSeconds ?? DEFAULT_STOP_TIMEOUT_SECONDS;
  const releaseReserveSeconds =
    shutdown.releaseReserveSeconds ??
    Math.min(MAX_RESERVE_SECONDS, Math.max(MIN_RESERVE_SECONDS, stopTimeoutSeconds / 5));
  const resolved: ResolvedOptions = {
    queues: options.queues.map((queue) => ({
      url: queue.url,
      name: queue.name ?? queueNameOf(queue.url),
      policy: policyOf(queue.url),
      handler: queue.handler as JobHandler,
      schema: queue.schema,
      weight: queue.weight ?? 1,
      maxConcurrency: queue.maxConcurrency ?? Number.POSITIVE_INFINITY,
      deadLetterQueueUrl: queue.deadLetterQueueUrl,
      maxReceiveCount: queue.maxReceiveCount,
    })),
    strategy: options.strategy ?? 'weighted',
    concurrency,
    prefetch: options.prefetch ?? 'auto',
    waitTimeSeconds: receive.waitTimeSeconds ?? longestWait(stopTimeoutSeconds, releaseReserveSeconds),
    maxReceivers: receive.maxReceivers ?? DEFAULT_MAX_RECEIVERS,
    visibilitySeconds: visibility.timeoutSeconds ?? DEFAULT_VISIBILITY_SECONDS,
    maxLeaseSeconds: visibility.maxLeaseSeconds ?? DEFAULT_MAX_LEASE_SECONDS,
    deleteLingerMs: ack.lingerMs ?? DEFAULT_DELETE_LINGER_MS,
    tombstoneMs: (ack.tombstoneSeconds ?? DEFAULT_TOMBSTONE_SECONDS) * 1_000,
    retry: options.retry ?? exponentialBackoff(),
    handlerTimeoutSeconds: options.handlerTimeoutSeconds,
    stopTimeoutSeconds,
    releaseReserveSeconds,
    protection: options.protection,
    transport: options.transport ?? new SqsTransport(),
    ownsTransport: options.transport === undefined,
    aroundJob: options.aroundJob ?? ((_, run) => run()),
    logger: unfailing(options.logger ?? silentLogger),
    clock: options.clock ?? systemClock,
  };
  check(resolved);
  return resolved;
}

function check(options: ResolvedOptions): void {
  const checks = new OptionChecks();
  checks.that(options.queues.length > 0, 'expected `queues` to name at least one queue, got none');
  const names = options.queues.map(({ name }) => name);
  checks.that(
    new Set(names).size === names.length,
    `expected each of \`queues\` to have its own name, got: ${names.join(', ')}; set \`name\``,
  );
  options.queues.forEach((queue, index) => {
    const prop = (name: string) => `queues[${index}].${name}`;
    const { url, handler, deadLetterQueueUrl } = queue;
    checks.that(URL.canParse(url), `expected \`${prop('url')}\` to be the URL of a queue, got: ${url}`);
    checks.that(
      typeof handler === 'function',
      `expected \`${prop('handler')}\` to be a function, got: ${typeof handler}`,
    );
    if (deadLetterQueueUrl !== undefined && !URL.canParse(deadLetterQueueUrl)) {
      checks.add([`expected \`${prop('deadLetterQueueUrl')}\` to be the URL of a queue, got: ${deadLetterQueueUrl}`]);
    } else if (deadLetterQueueUrl !== undefined) {
      checks.that(
        policyOf(deadLetterQueueUrl) === queue.policy,
        `expected \`${prop('deadLetterQueueUrl')}\` to be a ${queue.policy.kind} queue like the queue itself, ` +
          `got: ${deadLetterQueueUrl}; SQS moves messages between queues of one kind only`,
      );
    }
    checks.number(prop('weight'), queue.weight, { min: 1, max: WorkerLimits.maxQueueWeight });
    if (queue.maxConcurrency !== Number.POSITIVE_INFINITY) {
      checks.number(prop('maxConcurrency'), queue.maxConcurrency, { min: 1, max: 10_000, integer: true });
    }
    if (queue.maxReceiveCount !== undefined) {
      checks.number(prop('maxReceiveCount'), queue.maxReceiveCount, {
        min: 1,
        max: SqsLimits.maxReceiveCount,
        integer: true,
      });
    }
  });
  checks.that(
    ['weighted', 'strict'].includes(options.strategy),
    `expected \`strategy\` to be weighted or strict, got: ${options.strategy}`,
  );
  const maxSeconds = SqsLimits.maxVisibilityTimeoutSeconds;
  checks.number('concurrency', options.concurrency, { min: 1, max: 10_000, integer: true });
  if (options.prefetch !== 'auto') {
    checks.number('prefetch', options.prefetch, { min: 0, max: 10_000, integer: true });
  }
  checks.number('receive.waitTimeSeconds', options.waitTimeSeconds, {
    min: 1,
    max: SqsLimits.maxReceiveWaitSeconds,
    integer: true,
  });
  checks.number('receive.maxReceivers', options.maxReceivers, { min: 1, max: 100, integer: true });
  checks.number('visibility.timeoutSeconds', options.visibilitySeconds, {
    min: WorkerLimits.minVisibilityTimeoutSeconds,
    max: maxSeconds,
    integer: true,
  });
  checks.number('visibility.maxLeaseSeconds', options.maxLeaseSeconds, { min: 1, max: maxSeconds });
  checks.number('ack.lingerMs', options.deleteLingerMs, { min: 0, max: 20_000 });
  checks.number('ack.tombstoneSeconds', options.tombstoneMs / 1_000, { min: 0, max: maxSeconds });
  if (options.handlerTimeoutSeconds !== undefined) {
    checks.number('handlerTimeoutSeconds', options.handlerTimeoutSeconds, { min: 0.001, max: maxSeconds });
  }
  const { minStopTimeoutSeconds, maxStopTimeoutSeconds } = FargateLimits;
  checks.number('shutdown.stopTimeoutSeconds', options.stopTimeoutSeconds, {
    min: minStopTimeoutSeconds,
    max: maxStopTimeoutSeconds,
  });
  checks.number('shutdown.releaseReserveSeconds', options.releaseReserveSeconds, {
    min: MIN_RESERVE_SECONDS,
    max: options.stopTimeoutSeconds,
  });
  const longest = longestWait(options.stopTimeoutSeconds, options.releaseReserveSeconds);
  checks.that(
    !(options.waitTimeSeconds > longest && options.waitTimeSeconds <= SqsLimits.maxReceiveWaitSeconds),
    `expected \`receive.waitTimeSeconds\` to be at most ${longest}, since a long poll that is open when the worker stops must answer before the ` +
      `release reserve begins, got: ${options.waitTimeSeconds}; lower it or raise \`shutdown.stopTimeoutSeconds\``,
  );
  checks.done();
}
