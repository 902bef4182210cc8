import { Duration } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  createDeadLetterAlarm,
  createWorkQueue,
  visibilitySeconds,
  WorkQueueDefaults,
  type WorkQueue,
} from '../../private/work-queue';
import type { AdditionalQueue, AdditionalQueueOptions } from '../additional-queue';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';
import { pathOf } from '../../private/paths';

/** The queue of a worker with its known settings. */
export interface WorkerQueue extends AdditionalQueue {
  readonly lease: Duration;
  readonly maxReceiveCount?: number;
}

/** An additional queue of a worker with its known settings. */
export interface FurtherQueue extends AdditionalQueue {
  readonly id: string;
  readonly maxReceiveCount?: number;
  readonly weight: number;
}

/** Creates the worker's queue, or uses the given one. */
export function resolveWorkerQueue(scope: Construct, props: QueueScaledFargateWorkerProps): WorkerQueue {
  if (props.queue !== undefined) {
    return {
      ...takeQueue(scope, props.queue, props.deadLetterQueue, scope, props),
      lease: props.visibilityTimeout ?? WorkQueueDefaults.visibilityTimeout,
    };
  }
  const created = createQueue(scope, props);
  return { ...created, lease: Duration.seconds(visibilitySeconds(created.queue)) };
}

/** The additional queues, in the same order in every language: a Java map is unordered. */
export function resolveFurtherQueues(worker: Construct, props: QueueScaledFargateWorkerProps): FurtherQueue[] {
  return Object.entries(props.additionalQueues ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, options]) => ({
      id,
      weight: options.weight ?? 1,
      ...resolveFurtherQueue(worker, new Construct(worker, id), options, props),
    }));
}

function resolveFurtherQueue(
  worker: Construct,
  scope: Construct,
  { queue, deadLetterQueue }: AdditionalQueueOptions,
  props: QueueScaledFargateWorkerProps,
): AdditionalQueue & Pick<WorkerQueue, 'maxReceiveCount'> {
  return queue === undefined ? createQueue(scope, props) : takeQueue(scope, queue, deadLetterQueue, worker, props);
}

function createQueue(
  scope: Construct,
  props: QueueScaledFargateWorkerProps,
): WorkQueue & Pick<WorkerQueue, 'maxReceiveCount'> {
  const created = createWorkQueue(scope, props);
  return { ...created, maxReceiveCount: created.queue.deadLetterQueue?.maxReceiveCount };
}

function takeQueue(
  scope: Construct,
  queue: sqs.IQueue,
  given: sqs.IQueue | undefined,
  worker: Construct,
  { alarmActions }: QueueScaledFargateWorkerProps,
): AdditionalQueue & Pick<WorkerQueue, 'maxReceiveCount'> {
  const own = queue instanceof sqs.Queue ? queue.deadLetterQueue : undefined;
  const deadLetterQueue = given ?? own?.queue;
  return {
    queue,
    deadLetterQueue,
    deadLetterAlarm:
      deadLetterQueue &&
      createDeadLetterAlarm(scope, deadLetterQueue, {
        description: `Jobs of ${pathOf(worker)} failed on every attempt and are in its dead-letter queue`,
        runbook: 'jobs-dead-letter',
        actions: alarmActions,
      }),
    maxReceiveCount: own?.maxReceiveCount,
  };
}
