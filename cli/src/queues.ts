import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { without, type Pipeline } from './pipeline';
import { eachOf } from './support/batches';
import type { Clients } from './support/clients';

export interface Queue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  /** ARN of the dead-letter queue of the redrive policy. */
  readonly deadLetterQueueArn?: string;
  /** Resource policy of the queue, JSON. */
  readonly policy?: string;
}

export interface DeadLetterQueue extends Queue {
  /** The queue whose failed messages arrive here; absent for a queue of undelivered events. */
  readonly source?: Queue;
}

export interface Queues {
  /** Queues of jobs and of events. */
  readonly queues: readonly Queue[];
  readonly deadLetterQueues: readonly DeadLetterQueue[];
}

/** Reads the current state of the queues of a stack. */
export async function describeQueues(clients: Clients, pipeline: Pipeline): Promise<Queues> {
  const parts = pipeline.ofType('AWS::SQS::Queue');
  const all = await eachOf(parts, ({ name, physicalId }) => describeQueue(clients, name, physicalId));
  const targets = new Set(all.map(({ deadLetterQueueArn }) => deadLetterQueueArn));
  const isDeadLetterQueue = ({ name, arn }: Queue) => name.endsWith('DeadLetterQueue') || targets.has(arn);
  const queues = all
    .filter((queue) => !isDeadLetterQueue(queue))
    .map((queue) => ({ ...queue, name: without(queue.name, 'Queue') }));
  const deadLetterQueues = all.filter(isDeadLetterQueue).map((queue) => {
    const source = queues.find(({ deadLetterQueueArn }) => deadLetterQueueArn === queue.arn);
    return { ...queue, name: without(queue.name, 'DeadLetterQueue'), ...(source && { source }) };
  });
  return { queues, deadLetterQueues };
}

async function describeQueue(clients: Clients, name: string, url: string): Promise<Queue> {
  const { Attributes: found = {} } = await clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  );
  const { deadLetterTargetArn: deadLetterQueueArn } = JSON.parse(found.RedrivePolicy ?? '{}') as {
    deadLetterTargetArn?: string;
  };
  const {
    ApproximateNumberOfMessages: visible,
    ApproximateNumberOfMessagesNotVisible: inFlight,
    ApproximateNumberOfMessagesDelayed: delayed,
  } = found;
  return {
    name,
    url,
    arn: found.QueueArn ?? '',
    visible: Number(visible),
    inFlight: Number(inFlight),
    delayed: Number(delayed),
    ...(deadLetterQueueArn !== undefined && { deadLetterQueueArn }),
    ...(found.Policy !== undefined && found.Policy !== '' && { policy: found.Policy }),
  };
}
