import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetQueueUrlCommand, SendMessageBatchCommand, type SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { MessageAttributeNames } from '../../../src/contract/job-message';
import { startExecution } from '../executions';
import type { Pipeline } from '../pipeline';
import type { DeadLetterQueue } from '../queues';
import { oneByOne } from './paced';
import type { Rerun } from './source';
import { describeSchedules, runAsScheduled } from '../schedules';
import type { Clients } from '../support/clients';
import { CliError, ExitCode } from '../support/errors';
import type { DeadLetterMessage } from './message';

/** What is sent; an event has only an id and a body. */
export type Parcel = Pick<DeadLetterMessage, 'id' | 'body' | 'groupId'> &
  Partial<Pick<DeadLetterMessage, 'attributes'>>;

/**
 * Destination of a dead-letter message: its source queue, the state machine of its construct, or the target of the
 * undelivered event.
 */
export interface Destination {
  readonly arn: string;
  deliver(parcels: readonly Parcel[]): Promise<Rerun>;
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
  const schedule = message?.attributes.get('SCHEDULE_ARN')?.StringValue;
  if (schedule !== undefined) {
    return toSchedule(clients, pipeline, schedule);
  }
  const target =
    message?.attributes.get('TARGET_ARN')?.StringValue ??
    // The state machine of an ObjectFargateTask sends its failed events here, and accepts them as input again
    pipeline.ofType('AWS::StepFunctions::StateMachine', 'StateMachine').find(({ name }) => name === queue.name)
      ?.physicalId;
  if (target === undefined) {
    throw new CliError(
      ExitCode.failed,
      `messages of ${queue.name} must name their target to be sent again, got: no TARGET_ARN; inspect them with rerun list --body, process them manually, then delete them with dlq purge`,
    );
  }
  return destinationFor(clients, target);
}

/** A queue, a function or a state machine. */
export async function destinationFor(clients: Clients, target: string): Promise<Destination> {
  switch (target.split(':')[2]) {
    case 'sqs': {
      const { QueueUrl: url = '' } = await clients.sqs.send(
        new GetQueueUrlCommand({ QueueName: target.split(':').at(-1) }),
      );
      return toQueue(clients, target, url);
    }
    case 'lambda':
      return {
        arn: target,
        deliver: (parcels) =>
          oneByOne(parcels, ({ body }) =>
            clients.lambda.send(
              new InvokeCommand({ FunctionName: target, InvocationType: 'Event', Payload: Buffer.from(body) }),
            ),
          ),
      };
    case 'states':
      return {
        arn: target,
        deliver: (parcels) => oneByOne(parcels, ({ body, id }) => startExecution(clients, target, id, body)),
      };
    default:
      throw new CliError(
        ExitCode.failed,
        `messages can only be sent to a queue, a function or a state machine, got: ${target}; send them to this target yourself`,
      );
  }
}

/**
 * A run that EventBridge Scheduler could not start, with the time that it was for.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
 */
async function toSchedule(clients: Clients, pipeline: Pipeline, arn: string): Promise<Destination> {
  const schedule = (await describeSchedules(clients, pipeline)).find((one) => one.arn === arn);
  if (schedule === undefined) {
    throw new CliError(
      ExitCode.failed,
      `the schedule of the message must be one of the stack, got: ${arn}; run the job manually, then delete the message with dlq purge`,
    );
  }
  return {
    arn,
    deliver: (messages) =>
      oneByOne(messages, ({ attributes, id }) => {
        const time = attributes?.get('SCHEDULED_TIME')?.StringValue;
        return time === undefined
          ? Promise.reject(new Error('the message names no SCHEDULED_TIME'))
          : runAsScheduled(clients, schedule, time, id);
      }),
  };
}

function toQueue(clients: Clients, arn: string, url: string): Destination {
  const fifo = arn.endsWith('.fifo');
  return {
    arn,
    async deliver(messages) {
      const entries = messages.map((message, index) => entryOf(message, index, fifo));
      const { Successful: done = [], Failed: failed = [] } = await clients.sqs.send(
        new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }),
      );
      const refused = failed.at(0);
      return {
        done: new Set(done.flatMap(({ Id: id }) => messages[Number(id)]?.id ?? [])),
        ...(refused && { error: `SQS refused a message: ${refused.Message ?? refused.Code ?? ''}` }),
      };
    },
  };
}

/** The original message, without the attributes that were added when it moved to the dead-letter queue. */
function entryOf(
  { body, attributes = new Map(), groupId, id }: Parcel,
  index: number,
  fifo: boolean,
): SendMessageBatchRequestEntry {
  const added: readonly string[] = [MessageAttributeNames.poisonReason, MessageAttributeNames.sourceMessageId];
  const kept = Object.fromEntries([...attributes].filter(([name]) => !added.includes(name)));
  return {
    Id: String(index),
    MessageBody: body,
    ...(Object.keys(kept).length > 0 && { MessageAttributes: kept }),
    ...(fifo && { MessageGroupId: groupId ?? id, MessageDeduplicationId: id }),
  };
}
