import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { AdditionalQueueOptions, QueueScaledFargateWorkerOptions } from '../../queue-scaled-fargate-worker';
import { createQueues } from '../../private/work-queue';
import { ExportDefaults } from '../defaults';

/** The queue options of a worker service. */
export type ServiceQueues = Pick<
  QueueScaledFargateWorkerOptions,
  'queue' | 'deadLetterQueue' | 'additionalQueues' | 'queueWeight'
>;

/** Names of the additional queues, in the order of their construct ids. */
const PRIORITIES = ['High', 'Low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Options of a new queue, which a worker with an existing queue refuses. */
const OF_QUEUES: readonly string[] = [
  'retentionPeriod',
  'deadLetterRetention',
  'maxReceiveCount',
  'encryptionKey',
  'removalPolicy',
];

/**
 * The queues of a service, by priority.
 *
 * The handlers of the runtime send a message to the dead-letter queue themselves after its last attempt. It is new
 * there, so both queues can have the maximum retention.
 */
export function createServiceQueues(
  scope: Construct,
  options: QueueScaledFargateWorkerOptions,
  priorities: boolean,
): ServiceQueues {
  const settings = {
    ...options,
    retentionPeriod: options.retentionPeriod ?? ExportDefaults.retentionPeriod,
    deadLettersAreSent: true,
  };
  const { queue, deadLetterQueue } = options.queue === undefined ? createQueues(scope, settings) : options;
  if (!priorities) {
    return { queue, deadLetterQueue };
  }
  const weights = { High: ExportDefaults.highWeight, Low: ExportDefaults.lowWeight };
  const additionalQueues = Object.fromEntries(
    PRIORITIES.map((name): [string, AdditionalQueueOptions] => [
      name,
      { ...createQueues(new Construct(scope, name), settings), weight: weights[name] },
    ]),
  );
  return { queue, deadLetterQueue, additionalQueues, queueWeight: ExportDefaults.normalWeight };
}

/** The user's options of a service without those of its queues; other languages pass undefined for omitted props. */
export function withoutQueues(options: QueueScaledFargateWorkerOptions): QueueScaledFargateWorkerOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== undefined && !OF_QUEUES.includes(name)),
  );
}

/** The queues by priority, in the same order for both services. */
export function queuesOf(worker: {
  readonly queue: IQueue;
  readonly additionalQueues: Readonly<Record<string, { readonly queue: IQueue }>>;
}): IQueue[] {
  return [worker.queue, ...Object.values(worker.additionalQueues).map(({ queue }) => queue)];
}
