/**
 * The event that S3 sends to EventBridge for a new object, as the target of a route receives it.
 *
 * Keys in these events are not URL-encoded. The event's `id` is the correlation id of everything that follows.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export interface ObjectCreatedEvent {
  readonly version: string;
  /** Unique for the event; our correlation id from here on. */
  readonly id: string;
  readonly 'detail-type': 'Object Created';
  readonly source: 'aws.s3';
  readonly account: string;
  /** When S3 sent the event, ISO 8601. */
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
    /** Only for buckets with versioning. */
    readonly 'version-id'?: string;
    /** Orders events of the same key, as hexadecimal text; says nothing between keys. */
    readonly sequencer: string;
  };
  readonly 'request-id': string;
  readonly requester: string;
  readonly 'source-ip-address'?: string;
  /** The call that made the object. */
  readonly reason?: 'PutObject' | 'POST Object' | 'CopyObject' | 'CompleteMultipartUpload';
}

/** `reason` of the event that a reconciliation makes up for an object whose own event never came. */
export const RECONCILED_REASON = 'Fileworks Reconcile';

export const OBJECT_EVENT_SOURCE = 'aws.s3';
export const OBJECT_CREATED_DETAIL_TYPE = 'Object Created';
export const OBJECT_DELETED_DETAIL_TYPE = 'Object Deleted';
