import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { without, type Pipeline } from './pipeline';
import { eachOf } from './support/batches';
import type { Clients } from './support/clients';

export interface Queue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly waiting: number;
  readonly inWork: number;
  readonly delayed: number;
  /** Where SQS moves what failed, by ARN. */
  readonly deadLettersTo?: string;
  /** The queue's resource policy, JSON. */
  readonly policy?: string;
}

export interface DeadLetterQueue extends Queue {
  /** The queue whose messages end here; absent where events end that nobody could take. */
  readonly source?: Queue;
}

export interface Queues {
  /** Queues of work and of events. */
  readonly work: readonly Queue[];
  readonly deadLetters: readonly DeadLetterQueue[];
}

/** The queues of a stack, as they are now. */
export async function describeQueues(clients: Clients, pipeline: Pipeline): Promise<Queues> {
  const parts = pipeline.ofType('AWS::SQS::Queue');
  const all = await eachOf(parts, ({ name, physicalId }) => describeQueue(clients, name, physicalId));
  const targets = new Set(all.map(({ deadLettersTo }) => deadLettersTo));
  const isDeadLetterQueue = ({ name, arn }: Queue) => name.endsWith('DeadLetterQueue') || targets.has(arn);
  const work = all
    .filter((queue) => !isDeadLetterQueue(queue))
    .map((queue) => ({ ...queue, name: without(queue.name, 'Queue') }));
  const deadLetters = all.filter(isDeadLetterQueue).map((queue) => {
    const source = work.find(({ deadLettersTo }) => deadLettersTo === queue.arn);
    return { ...queue, name: without(queue.name, 'DeadLetterQueue'), ...(source && { source }) };
  });
  return { work, deadLetters };
}

async function describeQueue(clients: Clients, name: string, url: string): Promise<Queue> {
  const { Attributes: found = {} } = await clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  );
  const { deadLetterTargetArn: deadLettersTo } = JSON.parse(found.RedrivePolicy ?? '{}') as {
    deadLetterTargetArn?: string;
  };
  const {
    ApproximateNumberOfMessages: waiting,
    ApproximateNumberOfMessagesNotVisible: inWork,
    ApproximateNumberOfMessagesDelayed: delayed,
  } = found;
  return {
    name,
    url,
    arn: found.QueueArn ?? '',
    waiting: Number(waiting),
    inWork: Number(inWork),
    delayed: Number(delayed),
    ...(deadLettersTo !== undefined && { deadLettersTo }),
    ...(found.Policy !== undefined && found.Policy !== '' && { policy: found.Policy }),
  };
}
