import { InvokeCommand } from '@aws-sdk/client-lambda';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { GetQueueUrlCommand, SendMessageBatchCommand, type SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { MessageAttributeNames } from '../../../src/contract/job-message';
import type { Pipeline } from '../pipeline';
import type { DeadLetterQueue } from '../queues';
import type { Clients } from '../support/clients';
import { CliError, ExitCode } from '../support/errors';
import type { DeadLetterMessage } from './message';

/**
 * Destination of a redriven message: its source queue, the state machine of its construct, or the target of the
 * undelivered event.
 */
export interface Destination {
  readonly arn: string;
  /** Returns the ids of the messages that were delivered. */
  deliver(messages: readonly DeadLetterMessage[]): Promise<ReadonlySet<string>>;
}

export async function destinationOf(
  clients: Clients,
  pipeline: Pipeline,
  queue: DeadLetterQueue,
  message: DeadLetterMessage | undefined,
): Promise<Destination> {
  if (queue.source !== undefined) {
    return toQueue(clients, queue.source.arn, queue.source.url);
  }
  const target =
    message?.attributes.get('TARGET_ARN')?.StringValue ??
    // The state machine of an ObjectFargateTask sends its failed events here, and accepts them as input again
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
    // A second delivery of the same message starts no second execution
    return oneByOne(target, ({ body: input, messageId: name }) =>
      clients.stepFunctions.send(new StartExecutionCommand({ stateMachineArn: target, input, name })),
    );
  }
  const got = target ?? 'no TARGET_ARN';
  throw new CliError(
    ExitCode.failed,
    `messages of ${queue.name} can only be redriven to a queue, a function or a state machine, got: ${got}; inspect them with dlq show, process them manually, then purge them`,
  );
}

function toQueue(clients: Clients, arn: string, url: string): Destination {
  const fifo = arn.endsWith('.fifo');
  return {
    arn,
    async deliver(messages) {
      const entries = messages.map((message, index) => entryOf(message, index, fifo));
      const { Successful: done = [] } = await clients.sqs.send(
        new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }),
      );
      return new Set(done.flatMap(({ Id: id }) => messages[Number(id)]?.messageId ?? []));
    },
  };
}

/** The original message, without the attributes that were added when it moved to the dead-letter queue. */
function entryOf(
  { body, attributes, groupId, messageId }: DeadLetterMessage,
  index: number,
  fifo: boolean,
): SendMessageBatchRequestEntry {
  const added: readonly string[] = [MessageAttributeNames.poisonReason, MessageAttributeNames.sourceMessageId];
  const kept = Object.fromEntries([...attributes].filter(([name]) => !added.includes(name)));
  return {
    Id: String(index),
    MessageBody: body,
    ...(Object.keys(kept).length > 0 && { MessageAttributes: kept }),
    ...(fifo && { MessageGroupId: groupId ?? messageId, MessageDeduplicationId: messageId }),
  };
}

function oneByOne(arn: string, call: (message: DeadLetterMessage) => Promise<unknown>): Destination {
  return {
    arn,
    async deliver(messages) {
      const answers = await Promise.allSettled(messages.map(call));
      return new Set(
        messages.filter((_, index) => answers[index]?.status === 'fulfilled').map(({ messageId }) => messageId),
      );
    },
  };
}
