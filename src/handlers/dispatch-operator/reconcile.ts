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
  /** Queue for the events of objects. */
  readonly eventQueueUrl: string;
  /** Correlation id of the registered files. */
  readonly id: string;
  /** No page is started after this time; milliseconds since 1970. */
  readonly deadline: number;
}

export interface Reconciled {
  /** Number of checked objects. */
  readonly listed: number;
  /** Number of objects without a row, whose events were sent. */
  readonly missing: number;
  /** Keys of the first missing objects. */
  readonly examples: readonly string[];
  /** Present if the listing is not complete: continue with it as `after`. */
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
 * Lists a bucket and sends events for objects whose events were not delivered.
 *
 * These events are processed like any other, so the same rules apply. An event that arrives late finds its file
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
    const all = await withoutRow(parts.store, found);
    const lost = all.slice(0, (request.limit ?? Infinity) - missing.length);
    if (!request.dryRun) {
      await sendEvents(parts, lost);
    }
    missing.push(...lost.map(({ object }) => object.key));
    const last = lost.at(-1);
    if (last !== undefined && missing.length === request.limit) {
      listed += found.indexOf(last) + 1;
      return { listed, missing: missing.length, examples: missing.slice(0, EXAMPLES), next: markerOf(last) };
    }
    listed += found.length;
    const { IsTruncated: more, NextKeyMarker: key, NextVersionIdMarker: version } = page;
    after = more === true && key !== undefined ? { key, ...(version !== undefined && { version }) } : undefined;
  } while (after !== undefined && Date.now() < parts.deadline);
  return { listed, missing: missing.length, examples: missing.slice(0, EXAMPLES), ...(after && { next: after }) };
}

const markerOf = ({ object: { key, versionId: version } }: ListedObject): ListingMarker => ({
  key,
  ...(version !== undefined && { version }),
});

function objectOf(listed: ObjectVersion, request: ReconcileRequest): ListedObject[] {
  const { Key: key, VersionId: version, ETag: etag, Size: size, LastModified: modified, IsLatest: latest } = listed;
  if (
    key === undefined ||
    modified === undefined ||
    modified.getTime() < Date.parse(request.since) ||
    (request.until !== undefined && modified.getTime() > Date.parse(request.until)) ||
    !(latest === true || request.versions)
  ) {
    return [];
  }
  // A bucket without versioning lists the version id null
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
      throw new Error(`SQS refused ${failed.length} events: ${refused}; run it again, no file is registered twice`);
    }
  }
}

/** An event as sent by S3, without a sequencer, which listings do not contain. */
const eventOf = ({ object: { bucket, key, size, etag, versionId }, modified }: ListedObject, id: string) => ({
  id,
  time: modified.toISOString(),
  source: OBJECT_EVENT_SOURCE,
  'detail-type': OBJECT_CREATED_DETAIL_TYPE,
  detail: { bucket: { name: bucket }, object: { key, size, etag, 'version-id': versionId }, reason: RECONCILED_REASON },
});
