import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import { MessageAttributeNames } from '../../../src/contract/job-message';
import { decodeNotifiedKey } from '../../../src/contract/object-event';

/** A message in a dead-letter queue. */
export interface DeadLetterMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly sentAt: Date;
  readonly receives: number;
  /** The object, if the body is an S3 event or a job. */
  readonly bucket?: string;
  readonly key?: string;
  readonly correlationId?: string;
  /** The reason of the failure, if an attribute names one. */
  readonly reason?: string;
  readonly attributes: ReadonlyMap<string, MessageAttributeValue>;
  /** In a FIFO queue. */
  readonly groupId?: string;
}

export function readDeadLetterMessage(message: Message): DeadLetterMessage {
  const {
    MessageId: messageId = '',
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
    messageId,
    receiptHandle,
    body,
    attributes,
    sentAt: new Date(Number(system.SentTimestamp ?? 0)),
    receives: Number(system.ApproximateReceiveCount ?? 0),
    ...(bucket !== undefined && { bucket }),
    ...(key !== undefined && { key }),
    ...(correlation !== undefined && { correlationId: correlation }),
    ...(reason !== undefined && { reason }),
    ...(system.MessageGroupId !== undefined && { groupId: system.MessageGroupId }),
  };
}

interface Subject {
  readonly bucket?: string;
  readonly key?: string;
  readonly correlationId?: string;
}

/** A body of an unknown shape has no subject. */
function subjectOf(body: string, depth = 0): Subject {
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
