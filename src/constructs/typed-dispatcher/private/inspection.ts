import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { TypeMatch } from './type-match';

/** Where files come from. */
export interface FileSource {
  readonly bucket: IBucket;
  /** Beginnings of their keys. */
  readonly prefixes: readonly string[];
  grantRead(grantee: IGrantable): Grant;
  grantReadTags(grantee: IGrantable): Grant;
}

/** Lets the function that registers files ask S3 what the conditions of a type are about, and no more. */
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
  // Without it, S3 calls a deleted object forbidden
  if (head || tags !== undefined) {
    Grant.addToPrincipal({ grantee, actions: ['s3:ListBucket'], resourceArns: [source.bucket.bucketArn] });
  }
}
