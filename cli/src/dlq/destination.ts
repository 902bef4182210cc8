import { InvokeCommand } from '@aws-sdk/client-lambda';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { GetQueueUrlCommand, SendMessageBatchCommand, type SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { MessageAttributeNames } from '../../../src/contract/job-message';
import type { Pipeline } from '../pipeline';
import type { DeadLetterQueue } from '../queues';
import type { Clients } from '../support/clients';
import { CliError, ExitCode } from '../support/errors';
import type { Letter } from './letter';

/**
 * Where a redriven message goes: the queue it came from, the state machine of its construct, or the target that its
 * event was for.
 */
export interface Destination {
  readonly arn: string;
  /** Ids of the messages that arrived there. */
  deliver(letters: readonly Letter[]): Promise<ReadonlySet<string>>;
}

export async function destinationOf(
  clients: Clients,
  pipeline: Pipeline,
  queue: DeadLetterQueue,
  letter: Letter | undefined,
): Promise<Destination> {
  if (queue.source !== undefined) {
    return toQueue(clients, queue.source.arn, queue.source.url);
  }
  const target =
    letter?.attributes.get('TARGET_ARN')?.StringValue ??
    // The state machine of an object's task puts the event here, and takes it again
    pipeline.ofType('AWS::StepFunctions::StateMachine', 'StateMachine').find(({ name }) => name === queue.name)
      ?.physicalId;
  const service = target?.split(':')[2];
  if (target !== undefined && service === 'sqs') {
    const { QueueUrl: url = '' } = await clients.sqs.send(
      new GetQueueUrlCommand({ QueueName: target.split(':').at(-1) }),
    );
    return toQueue(clients, target, url);
  }
  if (target !== undefined && service === 'lambda') {
    return oneByOne(target, ({ body }) =>
      clients.lambda.send(
        new InvokeCommand({ FunctionName: target, InvocationType: 'Event', Payload: Buffer.from(body) }),
      ),
    );
  }
  if (target !== undefined && service === 'states') {
    // The same event twice is one execution
    return oneByOne(target, ({ body: input, messageId: name }) =>
      clients.stepFunctions.send(new StartExecutionCommand({ stateMachineArn: target, input, name })),
    );
  }
  const got = target ?? 'no TARGET_ARN';
  throw new CliError(
    ExitCode.failed,
    `messages of ${queue.name} can only be redriven to a queue, a function or a state machine, got: ${got}; see dlq show, do by hand what they ask, and purge them`,
  );
}

function toQueue(clients: Clients, arn: string, url: string): Destination {
  const fifo = arn.endsWith('.fifo');
  return {
    arn,
    async deliver(letters) {
      const entries = letters.map((letter, index) => entryOf(letter, index, fifo));
      const { Successful: done = [] } = await clients.sqs.send(
        new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }),
      );
      return new Set(done.flatMap(({ Id: id }) => letters[Number(id)]?.messageId ?? []));
    },
  };
}

/** The message as it was sent first, without what its end in this queue has added. */
function entryOf(
  { body, attributes, groupId, messageId }: Letter,
  index: number,
  fifo: boolean,
): SendMessageBatchRequestEntry {
  const ended: readonly string[] = [MessageAttributeNames.poisonReason, MessageAttributeNames.sourceMessageId];
  const kept = Object.fromEntries([...attributes].filter(([name]) => !ended.includes(name)));
  return {
    Id: String(index),
    MessageBody: body,
    ...(Object.keys(kept).length > 0 && { MessageAttributes: kept }),
    ...(fifo && { MessageGroupId: groupId ?? messageId, MessageDeduplicationId: messageId }),
  };
}

function oneByOne(arn: string, call: (letter: Letter) => Promise<unknown>): Destination {
  return {
    arn,
    async deliver(letters) {
      const answers = await Promise.allSettled(letters.map(call));
      return new Set(
        letters.filter((_, index) => answers[index]?.status === 'fulfilled').map(({ messageId }) => messageId),
      );
    },
  };
}
