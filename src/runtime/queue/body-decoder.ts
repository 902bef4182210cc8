import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type MessageAttributes } from './transport.js';
import { PoisonMessage } from '../errors.js';
import { type ContinuationMessage, type JobMessage, type JobObject } from '../../contract/job-message.js';
import { decodeNotifiedKey, OBJECT_EVENT_SOURCE } from '../../contract/object-event.js';

/** The kind of a decoded body. */
export type BodyKind = 'object-event' | 'event' | 'job' | 'custom' | 'test-event';

export interface DecodedBody {
  readonly kind: BodyKind;
  /**
   * `job.body` of the handler: the S3 event, the detail of another event, the payload of a job, or the body itself.
   */
  readonly body: unknown;
  /** Empty when the message names no objects. */
  readonly objects: readonly JobObject[];
  /** `detail-type` of an event, name of an S3 notification or type of a job. */
  readonly type?: string;
  readonly correlationId?: string;
  /** Message attributes of an SNS envelope, which raw delivery would have made those of the SQS message. */
  readonly attributes?: MessageAttributes;
  readonly continuation?: { readonly state: unknown; readonly generation: number; readonly firstBody: string };
}

type Json = Record<string, unknown>;

const MAX_NESTING = 4;
/** The limits of S3; anything longer would only fill logs. */
const MAX_BUCKET_LENGTH = 255;
const MAX_KEY_BYTES = 1_024;

/**
 * Correlation ids are part of every log line and become message attributes: text without control characters, of bounded
 * length.
 */
export function isCorrelationId(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{Cc}\p{Cs}]{1,256}$/u.test(value) && value.trim() !== '';
}

/**
 * Decodes the messages of an S3 pipeline: S3 events from EventBridge, S3 notifications, either of them inside an SNS
 * envelope, job messages of Fileworks, and continuations of any of these.
 *
 * @param acceptUnknown whether a JSON body of any other shape is a job, too, because a schema validates it
 * @throws PoisonMessage with the reason, if the body is none of these
 */
export function decodeBody(text: string, acceptUnknown: boolean): DecodedBody {
  return decode(text, acceptUnknown, 0);
}

function decode(text: string, acceptUnknown: boolean, depth: number): DecodedBody {
  if (depth > MAX_NESTING) {
    throw new PoisonMessage(`body is nested more than ${MAX_NESTING} envelopes deep`);
  }
  const value = parse(text);
  if (isJson(value)) {
    if (value.fileworksContinuation !== undefined) {
      return decodeContinuation(value, acceptUnknown, depth);
    }
    if (value.fileworksJob !== undefined) {
      return decodeJob(value);
    }
    if (value.Type === 'Notification' && typeof value.TopicArn === 'string' && typeof value.Message === 'string') {
      const decoded = decode(value.Message, acceptUnknown, depth + 1);
      return { ...decoded, attributes: { ...decoded.attributes, ...snsAttributes(value.MessageAttributes) } };
    }
    if (typeof value['detail-type'] === 'string' && typeof value.source === 'string' && isJson(value.detail)) {
      return decodeEvent(value, value.detail, acceptUnknown);
    }
    if (value.Service === 'Amazon S3' && value.Event === 's3:TestEvent') {
      return { kind: 'test-event', body: value, objects: [], type: 's3:TestEvent' };
    }
    if (
      Array.isArray(value.Records) &&
      value.Records.length > 0 &&
      value.Records.every((record) => isJson(record) && isJson(record.s3))
    ) {
      return decodeNotification(value, value.Records as Json[]);
    }
  }
  if (acceptUnknown) {
    return { kind: 'custom', body: value, objects: [] };
  }
  throw new PoisonMessage(
    `body is not an S3 event, S3 notification, SNS envelope or job message, and no schema was given: ${outline(value)}`,
  );
}

/** Validates with any library that implements Standard Schema. @throws PoisonMessage that names the first problems */
export async function validateBody(schema: StandardSchemaV1, body: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(body);
  if (result.issues === undefined) {
    return result.value;
  }
  const issues = result.issues.slice(0, 5).map(({ message, path = [] }) => {
    const where = path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
    return where === '' ? message : `${where}: ${message}`;
  });
  throw new PoisonMessage(`body does not fit the schema: ${issues.join('; ')}`);
}

function decodeContinuation(value: Json, acceptUnknown: boolean, depth: number): DecodedBody {
  const { fileworksContinuation, correlationId, body, state, generation } = value as unknown as ContinuationMessage;
  const valid =
    (fileworksContinuation as number) === 1 &&
    isCorrelationId(correlationId) &&
    typeof body === 'string' &&
    Number.isInteger(generation) &&
    generation >= 1;
  if (!valid) {
    throw new PoisonMessage(
      'body is a continuation of an unknown version or shape; the worker may be older than the sender',
    );
  }
  return {
    ...decode(body, acceptUnknown, depth + 1),
    correlationId,
    continuation: { state, generation, firstBody: body },
  };
}

/**
 * The attributes of an SNS notification in the form of SQS; what has another form is left out.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
 */
function snsAttributes(attributes: unknown): MessageAttributes {
  return Object.fromEntries(
    Object.entries(isJson(attributes) ? attributes : {}).flatMap(([name, attribute]) => {
      const { Type: type, Value: value } = isJson(attribute) ? attribute : {};
      if (typeof type !== 'string' || typeof value !== 'string') {
        return [];
      }
      const content = type.startsWith('Binary')
        ? { BinaryValue: new Uint8Array(Buffer.from(value, 'base64')) }
        : { StringValue: value };
      return [[name, { DataType: type, ...content }]];
    }),
  );
}

function decodeJob(value: Json): DecodedBody {
  const { fileworksJob, type, correlationId, object, payload } = value as unknown as JobMessage;
  if ((fileworksJob as number) !== 1) {
    const version = typeof fileworksJob === 'number' ? `version ${String(fileworksJob)}` : 'an unknown version';
    throw new PoisonMessage(`body is a job message of ${version}; this worker reads version 1`);
  }
  if (typeof type !== 'string' || type === '') {
    throw new PoisonMessage('body is a job message without a type');
  }
  if (correlationId !== undefined && !isCorrelationId(correlationId)) {
    throw new PoisonMessage(
      'body is a job message whose correlationId is no text of 1 to 256 characters without control characters',
    );
  }
  if (object !== undefined && !isJson(object)) {
    throw new PoisonMessage('body is a job message whose object is no object');
  }
  const objects = object === undefined ? [] : [toObject(object, 'object')];
  return { kind: 'job', body: payload, objects, type, ...(correlationId === undefined ? {} : { correlationId }) };
}

function decodeEvent(event: Json, detail: Json, acceptUnknown: boolean): DecodedBody {
  const type = event['detail-type'] as string;
  const id = isCorrelationId(event.id) ? { correlationId: event.id } : {};
  if (event.source === OBJECT_EVENT_SOURCE && isJson(detail.bucket) && isJson(detail.object)) {
    const object = toObject(
      {
        bucket: detail.bucket.name,
        key: detail.object.key,
        size: detail.object.size,
        etag: detail.object.etag,
        versionId: detail.object['version-id'],
        sequencer: detail.object.sequencer,
        reason: detail.reason,
      },
      'detail',
    );
    return { kind: 'object-event', body: event, objects: [object], type, ...id };
  }
  if (!acceptUnknown) {
    throw new PoisonMessage(
      `body is an event "${type}" of ${String(event.source)}, and no schema was given for its detail`,
    );
  }
  return { kind: 'event', body: detail, objects: [], type, ...id };
}

function decodeNotification(notification: Json, records: readonly Json[]): DecodedBody {
  const objects = records.map((record, index) => {
    const { bucket, object } = record.s3 as Json;
    if (!isJson(bucket) || !isJson(object) || typeof object.key !== 'string') {
      throw new PoisonMessage(`Records[${index}].s3 has no bucket or no object key`);
    }
    const key = decodeNotifiedKey(object.key);
    if (key === undefined) {
      throw new PoisonMessage(`key of Records[${index}] is not URL-encoded`);
    }
    return toObject(
      {
        bucket: bucket.name,
        key,
        size: object.size,
        etag: object.eTag,
        versionId: object.versionId,
        sequencer: object.sequencer,
        reason: record.eventName,
      },
      `Records[${index}].s3`,
    );
  });
  const name = records[0]?.eventName;
  return { kind: 'object-event', body: notification, objects, ...(typeof name === 'string' && { type: name }) };
}

function toObject(source: Json, where: string): JobObject {
  const { bucket, key, size } = source;
  if (typeof bucket !== 'string' || bucket === '' || typeof key !== 'string' || key === '') {
    throw new PoisonMessage(`${where} has no bucket name or no object key`);
  }
  if (bucket.length > MAX_BUCKET_LENGTH || Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new PoisonMessage(`${where} has a bucket name or an object key that is longer than S3 allows`);
  }
  if (size !== undefined && (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)) {
    throw new PoisonMessage(`${where} has a size that is no number of bytes`);
  }
  const texts = ['etag', 'versionId', 'sequencer', 'reason'] as const;
  return {
    bucket,
    key,
    ...(size === undefined ? {} : { size }),
    ...Object.fromEntries(texts.filter((name) => typeof source[name] === 'string').map((name) => [name, source[name]])),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PoisonMessage('body is not JSON', { cause });
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Describes a body without its values, which may be private. */
function outline(value: unknown): string {
  if (isJson(value)) {
    return `an object with ${Object.keys(value).slice(0, 8).join(', ').slice(0, 200) || 'no properties'}`;
  }
  return `JSON ${value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value}`;
}
