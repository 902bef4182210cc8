/**
 * The S3 event for a new object, as EventBridge delivers it to the target of a route.
 *
 * Keys in these events are not URL-encoded. The event's `id` becomes the correlation id of the job.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export interface ObjectCreatedEvent {
  readonly version: string;
  /** Unique for the event; used as the correlation id. */
  readonly id: string;
  readonly 'detail-type': 'Object Created';
  readonly source: 'aws.s3';
  readonly account: string;
  /** Time of the event, ISO 8601. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: ObjectCreatedDetail;
}

export interface ObjectCreatedDetail {
  readonly version: string;
  readonly bucket: { readonly name: string };
  readonly object: {
    readonly key: string;
    /** Bytes. */
    readonly size: number;
    readonly etag: string;
    /** Only in buckets with versioning. */
    readonly 'version-id'?: string;
    /** Order of events of the same key, as hexadecimal text; not comparable between keys. */
    readonly sequencer: string;
  };
  readonly 'request-id': string;
  readonly requester: string;
  readonly 'source-ip-address'?: string;
  /** The API call that created the object. */
  readonly reason?: 'PutObject' | 'POST Object' | 'CopyObject' | 'CompleteMultipartUpload';
}

/** `reason` of the event that a reconciliation creates for an object whose own event was not delivered. */
export const RECONCILED_REASON = 'Fileworks Reconcile';

export const OBJECT_EVENT_SOURCE = 'aws.s3';
export const OBJECT_CREATED_DETAIL_TYPE = 'Object Created';
export const OBJECT_DELETED_DETAIL_TYPE = 'Object Deleted';

/**
 * Decodes an object key of an S3 event notification, which encodes it like a form: a space is `+`, everything else is
 * percent-encoded UTF-8. Returns undefined if the key is not encoded that way.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export function decodeNotifiedKey(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
