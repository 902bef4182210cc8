import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
  type S3Client,
} from '@aws-sdk/client-s3';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { OBJECT_CREATED_DETAIL_TYPE, OBJECT_EVENT_SOURCE, RECONCILED_REASON } from '../../contract/object-event';
import { SqsLimits } from '../../contract/service-limits';
import { fileId } from '../../runtime/dispatch/identity';
import type { FileObject } from '../../runtime/dispatch/rows';
import type { DispatchStore } from '../../runtime/dispatch/store';
import type { ListingMarker, ReconcileRequest } from './request';

export interface ReconcileParts {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly store: DispatchStore;
  /** Where the events of objects go. */
  readonly eventQueueUrl: string;
  /** Correlation id of what is registered. */
  readonly id: string;
  /** A page is begun only before it; milliseconds since 1970. */
  readonly deadline: number;
}

export interface Reconciled {
  /** Objects of the bucket that were looked at. */
  readonly listed: number;
  /** Those that no row knows, whose events were sent again. */
  readonly missing: number;
  /** The first of them. */
  readonly examples: readonly string[];
  /** There is more to list: ask again with it as `after`. */
  readonly next?: ListingMarker;
}

interface ListedObject {
  readonly object: FileObject;
  readonly modified: Date;
}

const PAGE_SIZE = 1_000;
const LOOKED_UP_AT_ONCE = 50;
const EXAMPLES = 10;

/**
 * Lists a bucket and makes up the events that never came.
 *
 * They take the way of every event, so the same rules hold for them. An event that was only late finds its file
 * registered.
 */
export async function reconcile(parts: ReconcileParts, request: ReconcileRequest): Promise<Reconciled> {
  const missing: string[] = [];
  let listed = 0;
  let after = request.after;
  do {
    const page: ListObjectVersionsCommandOutput = await parts.s3.send(
      new ListObjectVersionsCommand({
        Bucket: request.bucket,
        Prefix: request.prefix,
        MaxKeys: PAGE_SIZE,
        KeyMarker: after?.key,
        VersionIdMarker: after?.version,
      }),
    );
    const found = (page.Versions ?? []).flatMap((version) => objectOf(version, request));
    const lost = await withoutRow(parts.store, found);
    if (!request.dryRun) {
      await sendEvents(parts, lost);
    }
    listed += found.length;
    missing.push(...lost.map(({ object }) => object.key));
    const { IsTruncated: more, NextKeyMarker: key, NextVersionIdMarker: version } = page;
    after = more === true && key !== undefined ? { key, ...(version !== undefined && { version }) } : undefined;
  } while (after !== undefined && Date.now() < parts.deadline);
  return { listed, missing: missing.length, examples: missing.slice(0, EXAMPLES), ...(after && { next: after }) };
}

function objectOf(listed: ObjectVersion, request: ReconcileRequest): ListedObject[] {
  const { Key: key, VersionId: version, ETag: etag, Size: size, LastModified: modified, IsLatest: latest } = listed;
  if (
    key === undefined ||
    modified === undefined ||
    modified.getTime() < Date.parse(request.since) ||
    !(latest === true || request.versions)
  ) {
    return [];
  }
  // A bucket without versioning lists the version null
  const versionId = version === undefined || version === 'null' ? {} : { versionId: version };
  const content = {
    ...(size !== undefined && { size }),
    ...(etag !== undefined && { etag: etag.replaceAll('"', '') }),
  };
  return [{ modified, object: { bucket: request.bucket, key, ...versionId, ...content } }];
}

async function withoutRow(store: DispatchStore, objects: readonly ListedObject[]): Promise<ListedObject[]> {
  const lost: ListedObject[] = [];
  for (let start = 0; start < objects.length; start += LOOKED_UP_AT_ONCE) {
    const some = objects.slice(start, start + LOOKED_UP_AT_ONCE);
    const known = await Promise.all(some.map((one) => isRegistered(store, one)));
    lost.push(...some.filter((_, index) => !known[index]));
  }
  return lost;
}

async function isRegistered(store: DispatchStore, { object, modified }: ListedObject): Promise<boolean> {
  if (object.versionId !== undefined) {
    return (await store.file(fileId(object, ''))) !== undefined;
  }
  const key = await store.key(object.bucket, object.key);
  if (key?.created !== undefined && key.file === undefined) {
    return modified.getTime() <= key.updatedAt;
  }
  const latest = key?.file === undefined ? undefined : await store.file(key.file);
  return latest !== undefined && latest.object.etag === object.etag;
}

async function sendEvents({ sqs, eventQueueUrl, id }: ReconcileParts, objects: readonly ListedObject[]): Promise<void> {
  for (let start = 0; start < objects.length; start += SqsLimits.maxBatchEntries) {
    const some = objects.slice(start, start + SqsLimits.maxBatchEntries);
    const entries = some.map((one, index) => ({ Id: String(index), MessageBody: JSON.stringify(eventOf(one, id)) }));
    const { Failed: failed = [] } = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl: eventQueueUrl, Entries: entries }),
    );
    const [refused] = failed.map(({ Message: reason = 'no reason given' }) => reason);
    if (failed.length > 0) {
      throw new Error(`SQS did not take ${failed.length} events: ${refused}; ask again, none is registered twice`);
    }
  }
}

/** The event that S3 would have sent, without a sequencer: a listing has none. */
const eventOf = ({ object: { bucket, key, size, etag, versionId }, modified }: ListedObject, id: string) => ({
  id,
  time: modified.toISOString(),
  source: OBJECT_EVENT_SOURCE,
  'detail-type': OBJECT_CREATED_DETAIL_TYPE,
  detail: { bucket: { name: bucket }, object: { key, size, etag, 'version-id': versionId }, reason: RECONCILED_REASON },
});
