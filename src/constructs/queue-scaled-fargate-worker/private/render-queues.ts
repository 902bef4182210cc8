import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { QueueStrategy, WorkerEnv, type AdditionalQueueEntry } from '../../../contract/worker-env';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';
import type { FurtherQueue } from './worker-queue';

/** Environment variables for the additional queues; empty without any. */
export function renderQueues(
  scope: Construct,
  props: QueueScaledFargateWorkerProps,
  further: readonly FurtherQueue[],
): Record<string, string> {
  if (further.length === 0) {
    return {};
  }
  const entries = further.map(({ queue, deadLetterQueue, maxReceiveCount, weight }): AdditionalQueueEntry => ({
    url: queue.queueUrl,
    deadLetterQueueUrl: deadLetterQueue?.queueUrl,
    maxReceiveCount,
    weight,
  }));
  return {
    [WorkerEnv.additionalQueues]: Stack.of(scope).toJsonString(entries),
    [WorkerEnv.queueWeight]: String(props.queueWeight ?? 1),
    [WorkerEnv.queueStrategy]: (props.strictPriority ?? false) ? QueueStrategy.strict : QueueStrategy.weighted,
  };
}
