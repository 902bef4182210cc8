import { type Environment, EnvironmentReader, trimmed } from './environment.js';
import { OptionChecks } from './option-checks.js';
import { FargateLimits, SqsLimits, WorkerLimits } from '../../contract/service-limits.js';
import {
  type AdditionalQueueEntry,
  QueueStrategy,
  ScaleInProtectionMode,
  WorkerEnv,
} from '../../contract/worker-env.js';

export interface WorkerEnvironment {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string | undefined;
  readonly additionalQueues: readonly AdditionalQueueEntry[];
  readonly queueWeight: number | undefined;
  readonly queueStrategy: keyof typeof QueueStrategy | undefined;
  readonly visibilityTimeoutSeconds: number | undefined;
  readonly maxReceiveCount: number | undefined;
  readonly stopTimeoutSeconds: number | undefined;
  readonly concurrency: number | undefined;
  readonly scaleInProtection: boolean;
  readonly healthPort: number | undefined;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** The log level set in the environment. An invalid one falls back to `info`, so that the problem can be logged. */
export function logLevelOf(env: Environment): string {
  const level = env[WorkerEnv.logLevel]?.trim() ?? '';
  return LOG_LEVELS.includes(level) ? level : 'info';
}

/**
 * Reads the environment variables set by the construct.
 *
 * @throws ConfigurationError with every problem, by variable
 */
export function readWorkerEnvironment(env: Environment): WorkerEnvironment {
  const checks = new OptionChecks();
  const variables = new EnvironmentReader(trimmed(env), 'QueueScaledFargateWorker sets it', checks);
  const entries = (name: string): readonly AdditionalQueueEntry[] => {
    const value = variables.optional(name);
    const queues = value === undefined ? [] : parseQueues(value);
    checks.that(
      queues !== undefined,
      `expected \`${name}\` to be a JSON array of objects with the \`url\` of a queue, got: ${String(value)}`,
    );
    return queues ?? [];
  };
  variables.oneOf(WorkerEnv.logLevel, LOG_LEVELS);
  const environment: WorkerEnvironment = {
    queueUrl:
      variables.url(WorkerEnv.queueUrl, 'the URL of a queue') ??
      variables.required(WorkerEnv.queueUrl, 'the URL of a queue'),
    deadLetterQueueUrl: variables.url(WorkerEnv.deadLetterQueueUrl, 'the URL of a queue'),
    additionalQueues: entries(WorkerEnv.additionalQueues),
    queueWeight: variables.integer(WorkerEnv.queueWeight, 1, WorkerLimits.maxQueueWeight),
    queueStrategy: variables.oneOf(WorkerEnv.queueStrategy, Object.values(QueueStrategy)) as
      keyof typeof QueueStrategy | undefined,
    visibilityTimeoutSeconds: variables.integer(
      WorkerEnv.visibilityTimeoutSeconds,
      WorkerLimits.minVisibilityTimeoutSeconds,
      SqsLimits.maxVisibilityTimeoutSeconds,
    ),
    maxReceiveCount: variables.integer(WorkerEnv.maxReceiveCount, 1, SqsLimits.maxReceiveCount),
    stopTimeoutSeconds: variables.integer(
      WorkerEnv.stopTimeoutSeconds,
      FargateLimits.minStopTimeoutSeconds,
      FargateLimits.maxStopTimeoutSeconds,
    ),
    concurrency: variables.integer(WorkerEnv.concurrency, 1, 10_000),
    scaleInProtection:
      variables.oneOf(WorkerEnv.scaleInProtection, Object.values(ScaleInProtectionMode)) ===
      ScaleInProtectionMode.enabled,
    healthPort: variables.integer(WorkerEnv.healthPort, 1, 65_535),
  };
  checks.done();
  return environment;
}

/** Other problems of a queue are reported by the poller. */
function parseQueues(text: string): readonly AdditionalQueueEntry[] | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return Array.isArray(value) &&
      value.every((entry) => typeof (entry as AdditionalQueueEntry | null)?.url === 'string')
      ? (value as AdditionalQueueEntry[])
      : undefined;
  } catch {
    return undefined;
  }
}
