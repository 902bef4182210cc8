import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { DispatchFunctionEnv, type DispatchRules } from '../../contract/dispatch-config';
import { MessageAttributeNames } from '../../contract/job-message';
import type { Arrival } from '../../runtime/dispatch/events';
import { MessageWait } from '../../runtime/queue/message-wait';
import { createParts, lazy } from '../shared/dispatch-parts';
import { variable } from '../shared/environment';
import { log } from '../shared/log';
import { reportOutage } from '../shared/outages';
import type { SqsBatchResponse, SqsEvent, SqsRecord } from '../shared/sqs-event';
import { classify, deletedVersion } from './classify';
import { type ObjectEvent, type ObjectEventRecord, readObjectEvent } from './object-event';
import { ObjectGone, ObjectInspector } from './object-inspector';

const parts = lazy(createParts);
const inspectors = lazy(() => ({ s3: new S3Client(), lambda: new LambdaClient() }));
const wait = lazy(
  () =>
    new MessageWait({
      sqs: parts().sqs,
      queueUrl: variable(DispatchFunctionEnv.eventQueueUrl),
      onUnavailable: reportOutage,
      onFailed: ({ messageId }, error) =>
        log('ERROR', 'event could not be registered; it is redelivered', { messageId, error: String(error) }),
    }),
);
const rules = lazy(() => JSON.parse(variable(DispatchFunctionEnv.rules)) as DispatchRules);

/** An event that EventBridge delivers directly, without a queue. */
interface DirectEvent {
  readonly id: string;
}

/**
 * Registers the files of S3 events, and claims free slots. While a dependency is unavailable, events wait on the queue,
 * direct ones too.
 *
 * @throws for a direct event, errors of its registration: Lambda retries it
 */
export async function handler(event: SqsEvent | DirectEvent): Promise<SqsBatchResponse | undefined> {
  if ('Records' in event) {
    return registerAll(event);
  }
  await registerDirect({ messageId: event.id, body: JSON.stringify(event) });
  return undefined;
}

async function registerDirect(message: Message): Promise<void> {
  if (wait().isPaused && (await wait().postpone(message))) {
    return;
  }
  try {
    await registerMessage(message);
    wait().answered();
  } catch (error) {
    if (!(wait().refused(message, error) && (await wait().postpone(message)))) {
      throw error;
    }
  }
}

async function registerAll({ Records: records }: SqsEvent): Promise<SqsBatchResponse> {
  const failed = await wait().run(records, registerMessage);
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

type Message = Pick<SqsRecord, 'messageId' | 'body'>;

async function registerMessage(record: Message): Promise<void> {
  let event: ObjectEvent;
  let arrival: Arrival | undefined;
  try {
    event = readObjectEvent(record.body);
    arrival =
      event.kind === 'created'
        ? await classify(event.record, rules(), new ObjectInspector(inspectors(), event.record))
        : undefined;
  } catch (error) {
    // An event that is invalid, or has no order, fails in every attempt
    if (error instanceof RangeError) {
      return refuse(record, error.message);
    }
    if (error instanceof ObjectGone) {
      log('INFO', error.message, { messageId: record.messageId });
      return;
    }
    throw error;
  }
  if (event.kind === 'hidden') {
    return;
  }
  if (event.kind === 'deleted') {
    return remove(event.record);
  }
  if (arrival !== undefined) {
    if (event.record.reconciled === true && arrival.overwrite === 'each' && arrival.object.versionId === undefined) {
      log('WARN', 'not reconciled: it is unknown whether this object was registered', {
        key: arrival.object.key,
        type: arrival.type,
        correlationId: arrival.correlationId,
      });
      return;
    }
    const outcome = await parts().dispatcher.register(arrival);
    log('INFO', 'registered', {
      fileId: arrival.id,
      type: arrival.type,
      sequence: arrival.sequence,
      outcome,
      correlationId: arrival.correlationId,
    });
  } else if (rules().unmatched === 'dead-letter') {
    await refuse(record, `no type matches the key ${event.record.object.key.slice(0, 200)}`);
  }
}

async function remove({ object, correlationId, time }: ObjectEventRecord): Promise<void> {
  const version = deletedVersion(object, time, rules());
  const outcome = await parts().dispatcher.remove(object, correlationId, version);
  log('INFO', 'removed', { key: object.key, outcome, correlationId });
}

async function refuse({ messageId, body }: Message, reason: string): Promise<void> {
  log('WARN', 'event sent to the dead-letter queue', { messageId, reason });
  await parts().sqs.send(
    new SendMessageCommand({
      QueueUrl: variable(DispatchFunctionEnv.deadLetterQueueUrl),
      MessageBody: body,
      MessageAttributes: {
        [MessageAttributeNames.poisonReason]: { DataType: 'String', StringValue: reason },
        [MessageAttributeNames.sourceMessageId]: { DataType: 'String', StringValue: messageId },
      },
    }),
  );
}
