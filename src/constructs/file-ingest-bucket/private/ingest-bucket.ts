import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from '../../private/acknowledge';
import { ValidationError } from '../../private/validation-error';
import { IngestDefaults } from '../defaults';
import type { FileIngestBucketProps } from '../file-ingest-bucket';

/** The bucket as we make it: private, encrypted, SSL only, versioned, and tidied up. */
export function createIngestBucket(scope: Construct, props: FileIngestBucketProps): s3.Bucket {
  const { serverAccessLogsBucket, serverAccessLogsPrefix, encryptionKey } = props;
  if (serverAccessLogsPrefix !== undefined && serverAccessLogsBucket === undefined) {
    throw new ValidationError('serverAccessLogsPrefix needs serverAccessLogsBucket, the bucket that receives the logs', scope);
  }
  const versioned = props.versioned ?? true;
  const bucket = new s3.Bucket(scope, 'Bucket', {
    bucketName: props.bucketName,
    versioned,
    encryption: encryptionKey === undefined ? s3.BucketEncryption.S3_MANAGED : s3.BucketEncryption.KMS,
    encryptionKey,
    bucketKeyEnabled: encryptionKey === undefined ? undefined : true,
    enforceSSL: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    lifecycleRules: [housekeeping(versioned), ...props.lifecycleRules ?? []],
    serverAccessLogsBucket,
    serverAccessLogsPrefix,
    removalPolicy: props.removalPolicy,
  });
  if (serverAccessLogsBucket === undefined) {
    const reason = 'Server access logs need a bucket whose owner and retention only the user knows: set serverAccessLogsBucket';
    acknowledge(bucket, 'AwsSolutions-S1', reason);
  }
  return bucket;
}

function housekeeping(versioned: boolean): s3.LifecycleRule {
  return {
    id: 'Housekeeping',
    abortIncompleteMultipartUploadAfter: IngestDefaults.abortIncompleteUploadAfter,
    ...(versioned && { noncurrentVersionExpiration: IngestDefaults.noncurrentVersionExpiration, expiredObjectDeleteMarker: true }),
  };
}
