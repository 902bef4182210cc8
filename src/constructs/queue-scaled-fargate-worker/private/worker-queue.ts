import { Duration } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { createDeadLetterAlarm, createWorkQueue, WorkQueueDefaults } from '../../private/work-queue';
import type { QueueScaledFargateWorkerProps } from '../queue-scaled-fargate-worker-props';

/** The queue of a worker and what is known of it. */
export interface WorkerQueue {
  readonly queue: sqs.IQueue;
  readonly deadLetterQueue?: sqs.IQueue;
  readonly deadLetterAlarm?: Alarm;
  readonly lease: Duration;
  readonly maxReceiveCount?: number;
}

/** Creates the worker's queue, or takes the one that was given. */
export function resolveWorkerQueue(scope: Construct, props: QueueScaledFargateWorkerProps): WorkerQueue {
  return props.queue === undefined ? createQueue(scope, props) : takeQueue(scope, props.queue, props);
}

function createQueue(scope: Construct, props: QueueScaledFargateWorkerProps): WorkerQueue {
  const created = createWorkQueue(scope, props);
  // A property injector of the organisation may have changed what was asked for; the worker must know what was built.
  const built = created.queue.node.defaultChild as sqs.CfnQueue;
  return {
    ...created,
    lease: Duration.seconds(built.visibilityTimeout ?? SqsDefaultVisibilitySeconds),
    maxReceiveCount: created.queue.deadLetterQueue?.maxReceiveCount,
  };
}

function takeQueue(scope: Construct, queue: sqs.IQueue, props: QueueScaledFargateWorkerProps): WorkerQueue {
  const own = queue instanceof sqs.Queue ? queue.deadLetterQueue : undefined;
  const deadLetterQueue = props.deadLetterQueue ?? own?.queue;
  return {
    queue,
    deadLetterQueue,
    deadLetterAlarm: deadLetterQueue && createDeadLetterAlarm(scope, deadLetterQueue, {
      description: `Jobs of ${scope.node.path} failed on every attempt and wait in its dead-letter queue`,
      actions: props.alarmActions,
    }),
    lease: props.visibilityTimeout ?? WorkQueueDefaults.visibilityTimeout,
    maxReceiveCount: own?.maxReceiveCount,
  };
}

const SqsDefaultVisibilitySeconds = 30;
