import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { TypeMatch } from './type-match';

/** A source of files. */
export interface FileSource {
  readonly bucket: IBucket;
  /** Key prefixes. */
  readonly prefixes: readonly string[];
  grantRead(grantee: IGrantable): Grant;
  grantReadTags(grantee: IGrantable): Grant;
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
