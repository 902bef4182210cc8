import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ValidationError } from '../../private/validation-error';
import { warn } from '../../private/warning';

/**
 * Lets the bucket tell EventBridge about new objects.
 *
 * By the bucket's own property, because `eventBridgeEnabled` of the CDK is a custom resource with a Lambda function. That custom resource
 * writes the whole notification configuration, so the two must never both be at work on one bucket.
 */
export function enableEventBridge(scope: Construct, bucket: s3.IBucket): void {
  if (!(bucket instanceof s3.Bucket)) {
    warnOfImported(scope, bucket);
    return;
  }
  if (hasNotificationHandler(bucket)) {
    // The handler is there already and owns the configuration; it can send to EventBridge too.
    bucket.enableEventBridgeNotification();
    return;
  }
  const resource = bucket.node.defaultChild as s3.CfnBucket;
  if (resource.notificationConfiguration !== undefined) {
    throw new ValidationError(
      'bucket has a notificationConfiguration already, which this construct would replace; add eventBridgeConfiguration to it and '
      + 'hand the bucket over by Bucket.fromBucketName',
      scope,
    );
  }
  resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
  scope.node.addValidation({
    validate: () => hasNotificationHandler(bucket)
      ? ['addEventNotification and enableEventBridgeNotification cannot be used on this bucket, because they would overwrite its notifications; add a route']
      : [],
  });
}

/** The CDK creates this child with the first notification of its own. */
function hasNotificationHandler(bucket: s3.Bucket): boolean {
  return bucket.node.tryFindChild('Notifications') !== undefined;
}

function warnOfImported(scope: Construct, bucket: s3.IBucket): void {
  warn(
    scope,
    'FileIngestBucket.importedBucket',
    `EventBridge must be enabled on ${bucket.bucketName} outside this app. If the bucket has no other notifications: aws s3api `
    + `put-bucket-notification-configuration --bucket ${bucket.bucketName} --notification-configuration '{"EventBridgeConfiguration":{}}'`,
  );
}
