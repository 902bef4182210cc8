import { type DecodedBody, isCorrelationId } from './body-decoder.js';
import { type Lease } from './lease.js';
import { type ResolvedQueue } from './poller-options.js';
import { type MessageAttributes } from './transport.js';
import { MessageAttributeNames } from '../../contract/job-message.js';
import { defined } from '../support/defined.js';
import { type JobInfo } from '../support/job-info.js';

/** Those of the SQS message, and those of an SNS envelope with other names. */
export function attributesOf({ message }: Lease, decoded: DecodedBody | undefined): MessageAttributes {
  return { ...decoded?.attributes, ...message.attributes };
}

/** What is known of a job; all of it once its body is decoded. */
export function describeJob(lease: Lease, queue: ResolvedQueue, attempt: number, decoded?: DecodedBody): JobInfo {
  const { message } = lease;
  const object = decoded?.objects[0];
  const attributes = attributesOf(lease, decoded);
  const attribute = attributes[MessageAttributeNames.correlationId]?.StringValue;
  const { id = message.messageId, sentAt = message.sentAt } = message.resent ?? {};
  return {
    messageId: id,
    queueName: queue.name,
    queueUrl: queue.url,
    attempt,
    correlationId: decoded?.correlationId ?? (isCorrelationId(attribute) ? attribute : id),
    ...(object === undefined ? {} : { file: `${object.bucket}/${object.key}` }),
    ...(message.groupId === undefined ? {} : { groupId: message.groupId }),
    ...defined({
      traceHeader: message.traceHeader,
      traceparent: attributes.traceparent?.StringValue,
      tracestate: attributes.tracestate?.StringValue,
    }),
    ...defined({ sentAt }),
  };
}
