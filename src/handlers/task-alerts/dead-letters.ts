import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { SqsLimits } from '../../contract/service-limits';
import { log } from '../shared/log';

/** Longer than a run, so that it does not receive a message twice. */
const VISIBILITY_SECONDS = 90;
/** Receives in one run; the next run continues. */
const MAX_RECEIVES = 10;

/**
 * Handles the events in the dead-letter queue again. EventBridge or Lambda sent them there when the function failed on
 * every attempt, for example while the table was unavailable. Those that fail again stay there: an event that cannot be
 * read does not keep the others from being handled, and any other failure ends the run.
 */
export async function handleDeadLetters(
  sqs: SQSClient,
  queueUrl: string,
  handle: (event: unknown) => Promise<void>,
): Promise<void> {
  const kept: Message[] = [];
  let away = false;
  for (let receives = 0; receives < MAX_RECEIVES && !away; receives++) {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: SqsLimits.maxBatchEntries,
        VisibilityTimeout: VISIBILITY_SECONDS,
      }),
    );
    if (messages.length === 0) {
      break;
    }
    for (const message of messages) {
      try {
        if (!away) {
          await handle(eventOf(message.Body ?? ''));
          await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }));
          continue;
        }
      } catch (error) {
        log('WARN', 'event stays in the dead-letter queue', { messageId: message.MessageId, error: String(error) });
        away = !(error instanceof RangeError || error instanceof SyntaxError);
      }
      kept.push(message);
    }
  }
  // Visible again at once, because the alarm counts visible messages.
  for (const { ReceiptHandle: receipt } of kept) {
    await sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle: receipt, VisibilityTimeout: 0 }),
    );
  }
}

/**
 * EventBridge sends the event, and Lambda a record with the event in it.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
function eventOf(body: string): unknown {
  const parsed = JSON.parse(body) as unknown;
  return typeof parsed === 'object' && parsed !== null && 'requestPayload' in parsed ? parsed.requestPayload : parsed;
}
