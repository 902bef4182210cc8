import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { root, run } from '../../build-tools/steps.ts';
import type { Archive } from './prepare.ts';

/** The results of one archive, compared with its entries. */
export interface Verdict {
  readonly archive: string;
  readonly entries: number;
  readonly bytes: number;
  readonly missing: readonly string[];
  readonly different: readonly string[];
  /** Keys that were written more than once. */
  readonly twice: readonly string[];
}

export const isFlawless = (verdict: Verdict) =>
  verdict.missing.length + verdict.different.length + verdict.twice.length === 0;

/**
 * Downloads every stored entry and compares it with what Python's zipfile reads from the archive.
 *
 * The results bucket is versioned, so a key that was written twice has two versions.
 */
export async function verify(
  s3: S3Client,
  bucket: string,
  archives: readonly Archive[],
): Promise<{ verdicts: Verdict[]; strangers: string[] }> {
  const expected = JSON.parse(
    run("reading the archives with Python's zipfile, for comparison", 'python3', [
      join(root, 'examples/demo/oracle.py'),
      ...archives.map(({ path }) => path),
    ]),
  ) as Record<string, Record<string, string>>;
  const versions = await versionsOf(s3, bucket);
  const wanted = new Set<string>();
  const verdicts: Verdict[] = [];
  for (const { name } of archives) {
    const hashes = Object.entries(expected[name] ?? {}).map(([entry, hash]) => ({
      key: `entries/${name}/${entry}`,
      hash,
    }));
    const manifest = `manifests/${name}.json`;
    const keys = [...hashes.map(({ key }) => key), manifest];
    keys.forEach((key) => wanted.add(key));
    let bytes = 0;
    const different: string[] = [];
    await inParallel(
      16,
      hashes.filter(({ key }) => versions.has(key)),
      async ({ key, hash }) => {
        const body =
          (await (await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body?.transformToByteArray()) ??
          new Uint8Array();
        bytes += body.length;
        if (createHash('sha256').update(body).digest('hex') !== hash) {
          different.push(key);
        }
      },
    );
    verdicts.push({
      archive: name,
      entries: hashes.length,
      bytes,
      different,
      missing: keys.filter((key) => !versions.has(key)),
      twice: keys.filter((key) => (versions.get(key) ?? 0) > 1),
    });
  }
  return { verdicts, strangers: [...versions.keys()].filter((key) => !wanted.has(key)) };
}

/** Pages for the next attempt with the completed entries; the manifest replaces them. */
const IN_PROGRESS = /^manifests\/.*\.json\.part\//;

/** The number of versions of each key. */
async function versionsOf(s3: S3Client, bucket: string): Promise<Map<string, number>> {
  const count = new Map<string, number>();
  let markers: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (markers) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket, ...markers }),
    );
    for (const { Key = '' } of page.Versions ?? []) {
      if (!IN_PROGRESS.test(Key)) {
        count.set(Key, (count.get(Key) ?? 0) + 1);
      }
    }
    markers = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      : undefined;
  }
  return count;
}

export async function inParallel<T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const item of rest) {
        await work(item);
      }
    }),
  );
}
