import { RECONCILED_REASON } from '../../contract/object-event';
import { normalizeSequencer } from '../../runtime/dispatch/identity';
import { timeOfEvent } from '../../runtime/dispatch/order';
import type { FileObject } from '../../runtime/dispatch/rows';
import { type Fields, fields, text } from '../shared/json-fields';

export interface ObjectNews {
  /** Id of the event. */
  readonly correlationId: string;
  /** ISO 8601. */
  readonly time: string;
  readonly object: FileObject;
  /** Made up from a listing of the bucket. */
  readonly reconciled?: boolean;
}

/** An event of S3 as this function reads it. */
export type ObjectEvent =
  | { readonly kind: 'created'; readonly news: ObjectNews }
  | { readonly kind: 'deleted'; readonly news: ObjectNews }
  /** A delete marker hides versions, which are still there. */
  | { readonly kind: 'hidden' };

/** Reads an event of S3 that EventBridge delivered. @throws RangeError that says what is wrong with it */
export function readObjectEvent(body: string): ObjectEvent {
  const event = parse(body);
  const { id, time, 'detail-type': type } = event;
  const detail = fields(event['detail'], 'detail');
  const object = fields(detail['object'], 'detail.object');
  const sequencer = object['sequencer'];
  const news: ObjectNews = {
    correlationId: text(id, 'id'),
    time: timeOf(time),
    ...(detail['reason'] === RECONCILED_REASON && { reconciled: true }),
    object: {
      bucket: text(fields(detail['bucket'], 'detail.bucket')['name'], 'detail.bucket.name'),
      key: text(object['key'], 'detail.object.key'),
      ...(typeof object['size'] === 'number' && { size: object['size'] }),
      ...(typeof object['etag'] === 'string' && { etag: object['etag'] }),
      ...(typeof object['version-id'] === 'string' && { versionId: object['version-id'] }),
      ...(typeof sequencer === 'string' && { sequencer: normalizeSequencer(sequencer) }),
    },
  };
  if (type === 'Object Created') {
    return { kind: 'created', news };
  }
  if (type === 'Object Deleted') {
    return detail['deletion-type'] === 'Delete Marker Created' ? { kind: 'hidden' } : { kind: 'deleted', news };
  }
  throw new RangeError(
    `expected an event "Object Created" or "Object Deleted", got: ${typeof type === 'string' ? type.slice(0, 100) : typeof type}`,
  );
}

/** Of a type that orders files otherwise, nobody else looks whether it is one. */
function timeOf(value: unknown): string {
  const time = text(value, 'time');
  timeOfEvent(time);
  return time;
}

function parse(body: string): Fields {
  try {
    return fields(JSON.parse(body), 'the body');
  } catch (error) {
    if (error instanceof RangeError) {
      throw error;
    }
    throw new RangeError('the body is not JSON', { cause: error });
  }
}
