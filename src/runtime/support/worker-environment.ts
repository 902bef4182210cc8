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

/** The level that the environment asks for. A wrong one is `info` here, so that there is a log that can say so. */
export function logLevelOf(env: Environment): string {
  const level = env[WorkerEnv.logLevel]?.trim() ?? '';
  return LOG_LEVELS.includes(level) ? level : 'info';
}

/**
 * Reads what the construct wrote.
 *
 * @throws ConfigurationError with every problem, by variable
 */
export function readWorkerEnvironment(env: Environment): WorkerEnvironment {
  const checks = new OptionChecks();
  const variables = new EnvironmentReader(trimmed(env), 'QueueScaledFargateWorker sets it', checks);
  const url = (name: string) => {
    const value = variables.optional(name);
    checks.that(
      value === undefined || URL.canParse(value),
      `expected \`${name}\` to be the URL of a queue, got: ${String(value)}`,
    );
    return value;
  };
  const integer = (name: string, min: number, max: number) => {
    const value = variables.optional(name);
    if (value === undefined) {
      return undefined;
    }
    const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
    checks.that(
      number >= min && number <= max,
      `expected \`${name}\` to be a whole number from ${min} to ${max}, got: ${value}`,
    );
    return number;
  };
  const choice = (name: string, choices: readonly string[]) => {
    const value = variables.optional(name);
    checks.that(
      value === undefined || choices.includes(value),
      `expected \`${name}\` to be one of ${choices.join(', ')}, got: ${String(value)}`,
    );
    return value;
  };
  const entries = (name: string): readonly AdditionalQueueEntry[] => {
    const value = variables.optional(name);
    const queues = value === undefined ? [] : parseQueues(value);
    checks.that(
      queues !== undefined,
      `expected \`${name}\` to be a JSON array of objects with the \`url\` of a queue, got: ${String(value)}`,
    );
    return queues ?? [];
  };
  choice(WorkerEnv.logLevel, LOG_LEVELS);
  const environment: WorkerEnvironment = {
    queueUrl: url(WorkerEnv.queueUrl) ?? variables.required(WorkerEnv.queueUrl, 'the URL of a queue'),
    deadLetterQueueUrl: url(WorkerEnv.deadLetterQueueUrl),
    additionalQueues: entries(WorkerEnv.additionalQueues),
    queueWeight: integer(WorkerEnv.queueWeight, 1, WorkerLimits.maxQueueWeight),
    queueStrategy: choice(WorkerEnv.queueStrategy, Object.values(QueueStrategy)) as
      keyof typeof QueueStrategy | undefined,
    visibilityTimeoutSeconds: integer(
      WorkerEnv.visibilityTimeoutSeconds,
      WorkerLimits.minVisibilityTimeoutSeconds,
      SqsLimits.maxVisibilityTimeoutSeconds,
    ),
    maxReceiveCount: integer(WorkerEnv.maxReceiveCount, 1, SqsLimits.maxReceiveCount),
    stopTimeoutSeconds: integer(
      WorkerEnv.stopTimeoutSeconds,
      FargateLimits.minStopTimeoutSeconds,
      FargateLimits.maxStopTimeoutSeconds,
    ),
    concurrency: integer(WorkerEnv.concurrency, 1, 10_000),
    scaleInProtection:
      choice(WorkerEnv.scaleInProtection, Object.values(ScaleInProtectionMode)) === ScaleInProtectionMode.enabled,
    healthPort: integer(WorkerEnv.healthPort, 1, 65_535),
  };
  checks.done();
  return environment;
}

/** What more is wrong in a queue, the poller says, for each of them. */
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
