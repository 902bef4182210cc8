import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge';

/**
 * A bucket of a construct: private, encrypted and SSL only.
 *
 * @param logsRemedy how the user enables server access logs
 */
export function createPrivateBucket(
  scope: Construct,
  id: string,
  logsRemedy: string,
  props: s3.BucketProps,
): s3.Bucket {
  const { encryptionKey, serverAccessLogsBucket } = props;
  const bucket = new s3.Bucket(scope, id, {
    ...props,
    encryption: encryptionKey === undefined ? s3.BucketEncryption.S3_MANAGED : s3.BucketEncryption.KMS,
    bucketKeyEnabled: encryptionKey === undefined ? undefined : true,
    enforceSSL: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
  });
  if (serverAccessLogsBucket === undefined) {
    acknowledge(
      bucket,
      'AwsSolutions-S1',
      `Server access logs need a bucket, with an owner and a retention that the user chooses: ${logsRemedy}`,
    );
  }
  return bucket;
}
