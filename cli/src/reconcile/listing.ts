import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { Clients } from '../support/clients';

/** The latest version of an object, as a listing has it. */
export interface ListedObject {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modified: Date;
  /** Absent in a bucket without versions. */
  readonly versionId?: string;
}

interface Page {
  readonly objects: readonly ListedObject[];
  /** Folders below; empty unless the listing is one of a folder only. */
  readonly folders: readonly string[];
}

type Listing = AsyncGenerator<Page, undefined>;

/** Listings that run at once. */
const CONCURRENCY = 8;
/** Folders that are known and not listed yet; the listing of their parent waits. */
const MAX_FOLDERS = 10_000;

/**
 * Lists the objects below a prefix: its folders at once, a few at a time. It holds a page of each listing, for any
 * number of objects; a page of a prefix without folders has up to 1,000.
 */
export async function* listObjects(
  clients: Clients,
  bucket: string,
  prefix: string,
): AsyncGenerator<readonly ListedObject[]> {
  const folders: string[] = [];
  const top = pagesOf(clients, bucket, prefix, '/');
  const running = new Map<Listing, Promise<{ readonly from: Listing; readonly page: IteratorResult<Page> }>>();
  const proceed = (from: Listing) => {
    const page = from.next().then((next) => ({ from, page: next }));
    // A consumer that stops early leaves it unobserved
    page.catch(() => undefined);
    running.set(from, page);
  };
  let held = false;
  proceed(top);
  while (running.size > 0) {
    const { from, page } = await Promise.race(running.values());
    running.delete(from);
    if (page.done !== true) {
      folders.push(...page.value.folders);
      held ||= from === top && folders.length > MAX_FOLDERS;
      if (!(held && from === top)) {
        proceed(from);
      }
      yield page.value.objects;
    }
    while (folders.length > 0 && running.size < CONCURRENCY) {
      proceed(pagesOf(clients, bucket, folders.shift() ?? ''));
    }
    if (held && folders.length === 0) {
      held = false;
      proceed(top);
    }
  }
}

async function* pagesOf(clients: Clients, bucket: string, prefix: string, delimiter?: string): Listing {
  let marker: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {};
  while (marker !== undefined) {
    const page: Awaited<ReturnType<typeof list>> = await list(clients, bucket, prefix, delimiter, marker);
    yield {
      objects: (page.Versions ?? []).flatMap(
        ({
          Key: key,
          VersionId: version,
          Size: size = 0,
          ETag: etag = '',
          LastModified: modified,
          IsLatest: latest,
        }) =>
          latest !== true || key === undefined || modified === undefined
            ? []
            : [
                {
                  bucket,
                  key,
                  size,
                  etag: etag.replaceAll('"', ''),
                  modified,
                  // A bucket without versions lists the id null
                  ...(version !== undefined && version !== 'null' && { versionId: version }),
                },
              ],
      ),
      folders: (page.CommonPrefixes ?? []).flatMap(({ Prefix: folder }) => folder ?? []),
    };
    marker =
      page.IsTruncated === true
        ? {
            KeyMarker: page.NextKeyMarker,
            ...(page.NextVersionIdMarker !== undefined && { VersionIdMarker: page.NextVersionIdMarker }),
          }
        : undefined;
  }
  return undefined;
}

const list = (clients: Clients, bucket: string, prefix: string, delimiter: string | undefined, marker: object) =>
  clients.s3.send(
    new ListObjectVersionsCommand({
      Bucket: bucket,
      Prefix: prefix,
      ...(delimiter !== undefined && { Delimiter: delimiter }),
      ...marker,
    }),
  );
