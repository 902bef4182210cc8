import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from '../../private/acknowledge';
import { ExportDefaults } from '../defaults';
import type { TableOptions } from './tables';

/** The bucket of results as we make it: private, encrypted, SSL only, and tidied up. */
export function createOutputBucket(scope: Construct, { encryptionKey, removalPolicy }: TableOptions): s3.Bucket {
  const bucket = new s3.Bucket(scope, 'OutputBucket', {
    encryption: encryptionKey === undefined ? s3.BucketEncryption.S3_MANAGED : s3.BucketEncryption.KMS,
    encryptionKey,
    bucketKeyEnabled: encryptionKey === undefined ? undefined : true,
    enforceSSL: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    lifecycleRules: [{ id: 'Housekeeping', abortIncompleteMultipartUploadAfter: ExportDefaults.abortIncompleteUploadAfter }],
    removalPolicy,
  });
  acknowledge(bucket, 'AwsSolutions-S1', 'Server access logs need a bucket whose owner and retention only the user knows: give an outputBucket that has them');
  return bucket;
}
