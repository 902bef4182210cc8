import { randomUUID } from 'node:crypto';
import { type ObjectCreatedEvent } from '../../contract/object-event.js';

export interface ObjectCreatedOptions {
  readonly bucket?: string;
  readonly key: string;
  readonly size?: number;
  readonly etag?: string;
  readonly versionId?: string;
  readonly sequencer?: string;
  readonly reason?: 'PutObject' | 'POST Object' | 'CopyObject' | 'CompleteMultipartUpload';
  /** Id of the event, which is the correlation id of the job. */
  readonly id?: string;
}

/** The event that EventBridge puts on a queue for a new object. */
export function objectCreatedEvent(options: ObjectCreatedOptions): ObjectCreatedEvent {
  const {
    bucket = 'bucket',
    key,
    size = 1,
    etag = 'd41d8cd98f00b204e9800998ecf8427e',
    versionId,
    sequencer = '0062E99A88DC407460',
  } = options;
  return {
    version: '0',
    id: options.id ?? randomUUID(),
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: '111122223333',
    time: '2026-01-01T00:00:00Z',
    region: 'eu-west-1',
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: { key, size, etag, sequencer, ...(versionId === undefined ? {} : { 'version-id': versionId }) },
      'request-id': 'C3D13FE58DE4C810',
      requester: '111122223333',
      reason: options.reason ?? 'PutObject',
    },
  };
}
