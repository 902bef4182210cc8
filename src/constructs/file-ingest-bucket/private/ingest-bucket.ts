import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { createPrivateBucket } from '../../private/private-bucket';
import { ValidationError } from '../../private/validation-error';
import { IngestDefaults } from '../defaults';
import type { FileIngestBucketProps } from '../file-ingest-bucket-props';

/** The bucket of the construct, with versions and lifecycle rules. */
export function createIngestBucket(scope: Construct, props: FileIngestBucketProps): s3.Bucket {
  const { serverAccessLogsBucket, serverAccessLogsPrefix, encryptionKey } = props;
  if (serverAccessLogsPrefix !== undefined && serverAccessLogsBucket === undefined) {
    throw new ValidationError(
      'serverAccessLogsPrefix needs serverAccessLogsBucket, the bucket that receives the logs',
      scope,
    );
  }
  const versioned = props.versioned ?? true;
  return createPrivateBucket(scope, 'Bucket', 'set serverAccessLogsBucket', {
    bucketName: props.bucketName,
    versioned,
    encryptionKey,
    lifecycleRules: [housekeeping(versioned), ...(props.lifecycleRules ?? [])],
    serverAccessLogsBucket,
    serverAccessLogsPrefix,
    removalPolicy: props.removalPolicy,
  });
}

function housekeeping(versioned: boolean): s3.LifecycleRule {
  return {
    id: 'Housekeeping',
    abortIncompleteMultipartUploadAfter: IngestDefaults.abortIncompleteUploadAfter,
    ...(versioned && {
      noncurrentVersionExpiration: IngestDefaults.noncurrentVersionExpiration,
      expiredObjectDeleteMarker: true,
    }),
  };
}
