import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import { MessageAttributeNames } from '../../../src/contract/job-message';
import { decodeNotifiedKey } from '../../../src/contract/object-event';
import type { FailedItem } from './failed-item';

/** A message in a dead-letter queue; its id is that of the message. */
export interface DeadLetterMessage extends FailedItem {
  readonly receiptHandle: string;
  readonly receives: number;
  readonly attributes: ReadonlyMap<string, MessageAttributeValue>;
  /** In a FIFO queue. */
  readonly groupId?: string;
}

export function readDeadLetterMessage(message: Message): DeadLetterMessage {
  const {
    MessageId: id = '',
    ReceiptHandle: receiptHandle = '',
    Body: body = '',
    Attributes: system = {},
    MessageAttributes: sent = {},
  } = message;
  const attributes = new Map(Object.entries(sent));
  const text = (name: string) => attributes.get(name)?.StringValue;
  const { bucket, key, correlationId } = subjectOf(body);
  // EventBridge and Lambda name the reason in their own attributes
  const undelivered = [text('ERROR_CODE') ?? text('ErrorCode'), text('ERROR_MESSAGE') ?? text('ErrorMessage')]
    .filter((part) => part !== undefined)
    .join(': ');
  const reason = text(MessageAttributeNames.poisonReason) ?? (undelivered === '' ? undefined : undelivered);
  const correlation = text(MessageAttributeNames.correlationId) ?? correlationId;
  return {
    id,
    receiptHandle,
    body,
    attributes,
    failedAt: new Date(Number(system.SentTimestamp ?? 0)),
    receives: Number(system.ApproximateReceiveCount ?? 0),
    ...(bucket !== undefined && { bucket }),
    ...(key !== undefined && { key }),
    ...(correlation !== undefined && { correlationId: correlation }),
    ...(reason !== undefined && { reason }),
    ...(system.MessageGroupId !== undefined && { groupId: system.MessageGroupId }),
  };
}

/** The object of an event or a job, and its correlation id; a body of an unknown shape has none. */
export function subjectOf(body: string, depth = 0): Pick<FailedItem, 'bucket' | 'key' | 'correlationId'> {
  const job = objectOf(parse(body));
  // A continuation of a job contains the original body
  const inner = textOf(job.fileworksContinuation === undefined ? undefined : job.body);
  if (inner !== undefined && depth < MAX_DEPTH) {
    return { ...subjectOf(inner, depth + 1), ...withText('correlationId', job.correlationId) };
  }
  const [record] = Array.isArray(job.Records) ? (job.Records as unknown[]) : [];
  const notified = objectOf(objectOf(record).s3);
  const detail = objectOf(job.detail ?? (record === undefined ? job : notified));
  const object = objectOf(detail.object);
  const key = textOf(object.key) ?? textOf(job.key);
  const bucket = textOf(objectOf(detail.bucket).name) ?? textOf(object.bucket) ?? textOf(job.bucket);
  return {
    ...(bucket !== undefined && { bucket }),
    ...(key !== undefined && { key: record === undefined ? key : (decodeNotifiedKey(key) ?? key) }),
    ...withText('correlationId', job.correlationId ?? job.id),
  };
}

const MAX_DEPTH = 3;

const withText = <Name extends string>(name: Name, value: unknown): Partial<Record<Name, string>> =>
  typeof value === 'string' ? ({ [name]: value } as Record<Name, string>) : {};
const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);
const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
