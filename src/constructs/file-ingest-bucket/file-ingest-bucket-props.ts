import type { RemovalPolicy } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket, LifecycleRule } from 'aws-cdk-lib/aws-s3';

/** Properties of `FileIngestBucket`. */
export interface FileIngestBucketProps {
  /**
   * An existing bucket. Props that would configure a new bucket are then refused.
   *
   * A bucket of the same app gets EventBridge enabled; an imported bucket must have it on already.
   *
   * @default - a new bucket: private, encrypted, SSL only, versioned
   */
  readonly bucket?: IBucket;

  /**
   * Name of the bucket.
   *
   * @default - a name that CloudFormation makes
   */
  readonly bucketName?: string;

  /**
   * Whether objects that are overwritten or deleted are kept for 30 days, so that a job still finds what it was sent
   * for.
   *
   * @default true
   */
  readonly versioned?: boolean;

  /**
   * A customer-managed key for the objects.
   *
   * @default - encryption with keys that S3 manages
   */
  readonly encryptionKey?: IKey;

  /**
   * Further lifecycle rules, for example to expire files after they were processed.
   *
   * @default - only the construct's own: abandoned uploads end after 7 days, noncurrent versions after 30
   */
  readonly lifecycleRules?: LifecycleRule[];

  /**
   * The bucket that receives server access logs.
   *
   * @default - no server access logs
   */
  readonly serverAccessLogsBucket?: IBucket;

  /**
   * Beginning of the keys of server access logs. Needs `serverAccessLogsBucket`.
   *
   * @default - no prefix
   */
  readonly serverAccessLogsPrefix?: string;

  /**
   * What becomes of the bucket when it is taken out of the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * What the dead-letter alarm does when it rings, such as sending to an SNS topic.
   *
   * @default - the alarm rings without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];
}
