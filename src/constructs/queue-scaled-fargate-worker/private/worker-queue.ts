import { Duration, Token } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { SqsLimits } from '../../../contract/service-limits';
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

/**
 * The runtime counts the attempts. SQS counts every receive, also those of workers that stopped while a dependency was
 * unavailable; on a standard queue, the runtime sends such a message anew, which on a FIFO queue would change the
 * order.
 */
const FIFO_RECEIVE_RESERVE = 10;

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
      ...takeQueue(scope, props.queue, props.deadLetterQueue, scope),
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
  return queue === undefined ? createQueue(scope, props) : takeQueue(scope, queue, deadLetterQueue, worker);
}

function createQueue(
  scope: Construct,
  props: QueueScaledFargateWorkerProps,
): WorkQueue & Pick<WorkerQueue, 'maxReceiveCount'> {
  const attempts = props.maxReceiveCount ?? WorkQueueDefaults.maxReceiveCount;
  const isReserved = props.fifo === true && (props.heartbeat ?? true) && !Token.isUnresolved(attempts);
  const reserve = isReserved ? Math.max(0, Math.min(FIFO_RECEIVE_RESERVE, SqsLimits.maxReceiveCount - attempts)) : 0;
  const created = createWorkQueue(scope, { ...props, maxReceiveCount: reserve === 0 ? attempts : attempts + reserve });
  // What was built: a property injector of the organisation may have changed it.
  const built = created.queue.deadLetterQueue?.maxReceiveCount;
  return { ...created, maxReceiveCount: built === attempts + reserve ? attempts : built };
}

function takeQueue(
  scope: Construct,
  queue: sqs.IQueue,
  given: sqs.IQueue | undefined,
  worker: Construct,
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
      }),
    maxReceiveCount: own?.maxReceiveCount,
  };
}
