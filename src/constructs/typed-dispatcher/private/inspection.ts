import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { KeyPattern } from './key-pattern';
import { readableKeys } from './readable-keys';
import type { TypeMatch } from './type-match';

/** A source of files. */
export interface FileSource {
  readonly bucket: IBucket;
  /** Key prefixes. */
  readonly prefixes: readonly string[];
  /** @param keys beginnings of keys, as in ARNs; by default all of the source */
  grantRead(grantee: IGrantable, keys?: readonly string[]): void;
  grantReadTags(grantee: IGrantable): Grant;
}

/** A role that takes the turns of a type, or of every type. */
export interface FileWorker extends IGrantable {
  readonly type?: string;
  /** Absent: its files may have any key. */
  readonly patterns?: readonly KeyPattern[];
}

/** Allows a worker to read the files of its type. */
export function grantFiles(source: FileSource, worker: FileWorker): void {
  const { patterns } = worker;
  if (patterns === undefined) {
    source.grantRead(worker);
    return;
  }
  const keys = [...new Set(source.prefixes.flatMap((prefix) => readableKeys(patterns, prefix)))];
  if (keys.length > 0) {
    source.grantRead(worker, keys);
  }
}

/** Allows the ingress function to read from S3 what the conditions of a type need, and no more. */
export function grantInspection(
  source: FileSource,
  { contentTypes, metadata, tags }: TypeMatch,
  grantee: IGrantable,
): void {
  const head = contentTypes !== undefined || metadata !== undefined;
  if (head) {
    source.grantRead(grantee);
  }
  if (tags !== undefined) {
    source.grantReadTags(grantee);
  }
  // Without it, S3 answers 403 for a deleted object
  if (head || tags !== undefined) {
    Grant.addToPrincipal({ grantee, actions: ['s3:ListBucket'], resourceArns: [source.bucket.bucketArn] });
  }
}
