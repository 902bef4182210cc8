import type { Duration } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from '../../private/acknowledge';

/** What is written about runs: private, encrypted, SSL only, and gone after a time. */
export function createResultBucket(scope: Construct, retention: Duration): s3.Bucket {
  const bucket = new s3.Bucket(scope, 'Results', {
    encryption: s3.BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    lifecycleRules: [{ id: 'Housekeeping', expiration: retention, abortIncompleteMultipartUploadAfter: retention }],
  });
  acknowledge(bucket, 'AwsSolutions-S1', 'Server access logs need a bucket whose owner and retention only the user knows: give resultBucket');
  return bucket;
}
