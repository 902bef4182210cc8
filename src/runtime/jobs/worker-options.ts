import { EcsScaleInProtection, type QueueOptions, type QueuePollerOptions } from '../queue/index.js';
import { aroundJobs } from '../support/around-jobs.js';
import { defined } from '../support/defined.js';
import type { Environment } from '../support/environment.js';
import { type AroundJob } from '../support/job-info.js';
import { type Logger } from '../support/logger.js';
import { type WorkerEnvironment } from '../support/worker-environment.js';
import { logContext, traceJobs } from '../telemetry/index.js';

export type EnvironmentOptions = Pick<
  QueuePollerOptions,
  'strategy' | 'concurrency' | 'visibility' | 'shutdown' | 'protection' | 'logger'
> & {
  readonly aroundJob: AroundJob;
  /** In the order of `strict` priority. */
  readonly queues: readonly Omit<QueueOptions, 'handler' | 'schema'>[];
};

/** Poller options from the environment set by the construct, with log context and tracing. */
export function optionsFromEnvironment(
  environment: WorkerEnvironment,
  env: Environment,
  logger: Logger,
): EnvironmentOptions {
  const { additionalQueues, queueWeight = 1, queueStrategy } = environment;
  const {
    queueUrl,
    deadLetterQueueUrl,
    maxReceiveCount,
    visibilityTimeoutSeconds,
    stopTimeoutSeconds,
    concurrency,
    scaleInProtection,
  } = environment;
  const agentUri = env.ECS_AGENT_URI;
  return {
    // The sort is stable: among equal weights, the worker's own queue comes first.
    queues: [
      { url: queueUrl, weight: queueWeight, ...defined({ deadLetterQueueUrl, maxReceiveCount }) },
      ...additionalQueues,
    ].sort((a, b) => b.weight - a.weight),
    ...defined({ concurrency, strategy: queueStrategy }),
    visibility: defined({ timeoutSeconds: visibilityTimeoutSeconds }),
    shutdown: defined({ stopTimeoutSeconds }),
    ...(scaleInProtection && agentUri !== undefined ? { protection: new EcsScaleInProtection(agentUri, logger) } : {}),
    aroundJob: aroundJobs(logContext, traceJobs()),
    logger,
  };
}
