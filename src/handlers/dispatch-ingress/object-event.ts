import { RECONCILED_REASON } from '../../contract/object-event';
import { normalizeSequencer } from '../../runtime/dispatch/identity';
import { timeOfEvent } from '../../runtime/dispatch/order';
import type { FileObject } from '../../runtime/dispatch/rows';
import { type Fields, fields, text } from '../shared/json-fields';

export interface ObjectEventRecord {
  /** Id of the event. */
  readonly correlationId: string;
  /** ISO 8601. */
  readonly time: string;
  readonly object: FileObject;
  /** Created from a bucket listing. */
  readonly reconciled?: boolean;
}

/** A parsed S3 event. */
export type ObjectEvent =
  | { readonly kind: 'created'; readonly record: ObjectEventRecord }
  | { readonly kind: 'deleted'; readonly record: ObjectEventRecord }
  /** A delete marker, which hides versions without deleting them. */
  | { readonly kind: 'hidden' };

/** Parses an S3 event delivered by EventBridge. @throws RangeError that names the problem */
export function readObjectEvent(body: string): ObjectEvent {
  const event = parse(body);
  const { id, time, 'detail-type': type } = event;
  const detail = fields(event['detail'], 'detail');
  const object = fields(detail['object'], 'detail.object');
  const sequencer = object['sequencer'];
  const record: ObjectEventRecord = {
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
    return { kind: 'created', record };
  }
  if (type === 'Object Deleted') {
    return detail['deletion-type'] === 'Delete Marker Created' ? { kind: 'hidden' } : { kind: 'deleted', record };
  }
  throw new RangeError(
    `expected an event "Object Created" or "Object Deleted", got: ${typeof type === 'string' ? type.slice(0, 100) : typeof type}`,
  );
}

/** Validates the time, which types with another order do not use. */
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
