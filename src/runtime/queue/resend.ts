import { type OutgoingMessage, type ReceivedMessage, type Resent } from './transport.js';
import { MessageAttributeNames } from '../../contract/job-message.js';
import { SqsLimits } from '../../contract/service-limits.js';

const ID = /^[\w-]{1,100}$/;
const MAX_ATTEMPTS = 1_000_000;

/** Reads the attribute of a message that a worker sent anew; the attribute itself is not passed on. */
export function readResent(message: ReceivedMessage): ReceivedMessage {
  const { [MessageAttributeNames.resent]: attribute, ...attributes } = message.attributes;
  const resent = parse(attribute?.StringValue);
  return resent === undefined ? message : { ...message, attributes, resent };
}

/** Every sender of the queue can set the attribute, so it is checked like any input. */
function parse(text: string | undefined): Resent | undefined {
  if (text === undefined) {
    return undefined;
  }
  try {
    const { v, id, sentAt, attempts } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const valid =
      v === 1 &&
      typeof id === 'string' &&
      ID.test(id) &&
      (sentAt === undefined || (Number.isSafeInteger(sentAt) && Number(sentAt) > 0)) &&
      Number.isInteger(attempts) &&
      Number(attempts) >= 0 &&
      Number(attempts) <= MAX_ATTEMPTS;
    return valid
      ? { id, ...(sentAt === undefined ? {} : { sentAt: Number(sentAt) }), attempts: Number(attempts) }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The message to send in place of one on a standard queue; undefined when it has as many attributes as SQS allows.
 *
 * @param attempts attempts used up so far
 */
export function resendOf(message: ReceivedMessage, attempts: number): OutgoingMessage | undefined {
  if (Object.keys(message.attributes).length >= SqsLimits.maxAttributes) {
    return undefined;
  }
  const { id = message.messageId, sentAt = message.sentAt } = message.resent ?? {};
  return {
    body: message.body,
    attributes: {
      ...message.attributes,
      [MessageAttributeNames.resent]: {
        DataType: 'String',
        StringValue: JSON.stringify({ v: 1, id, sentAt, attempts }),
      },
    },
  };
}
