import { Lazy } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct, IDependable } from 'constructs';
import { ValidationError } from '../../private/validation-error';
import { warn } from '../../private/warning';
import { checkNoOverlap, type QueueNotification } from './queue-notification';

/** What a bucket of ours tells, and whom. Routes add to it until the template is written. */
interface Owned {
  readonly resource: s3.CfnBucket;
  readonly queues: QueueNotification[];
  byEventBridge: boolean;
}

const owned = new WeakMap<s3.IBucket, Owned>();

/**
 * Lets the bucket tell EventBridge about new objects, and queues that routes name.
 *
 * By the bucket's own property, because `eventBridgeEnabled` of the CDK is a custom resource with a Lambda function.
 * That custom resource
 * writes the whole notification configuration, so the two must never both be at work on one bucket.
 */
export function ownNotifications(scope: Construct, bucket: s3.IBucket): void {
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
      'bucket has a notificationConfiguration already, which this construct would replace; add eventBridgeConfiguration to it and ' +
        'hand the bucket over by Bucket.fromBucketName',
      scope,
    );
  }
  const notifications: Owned = { resource, queues: [], byEventBridge: false };
  owned.set(bucket, notifications);
  resource.notificationConfiguration = Lazy.any({ produce: () => render(notifications) });
  scope.node.addValidation({
    validate: () =>
      hasNotificationHandler(bucket)
        ? [
            'addEventNotification and enableEventBridgeNotification cannot be used on this bucket, because they would overwrite its notifications; add a route',
          ]
        : [],
  });
}

/** Keeps EventBridge enabled although other routes are delivered by S3 itself. */
export function tellEventBridge(bucket: s3.IBucket): void {
  const notifications = owned.get(bucket);
  if (notifications !== undefined) {
    notifications.byEventBridge = true;
  }
}

/** Has S3 send to queues, which must allow it before: S3 tries when it is told. */
export function tellQueue(
  scope: Construct,
  bucket: s3.IBucket,
  queues: readonly QueueNotification[],
  allowed: IDependable | undefined,
): void {
  const notifications = owned.get(bucket);
  if (notifications === undefined) {
    throw new ValidationError(
      "Delivery.s3Notifications() needs a bucket whose notifications are the construct's own, and those of this one are set elsewhere; let FileIngestBucket " +
        'create the bucket, add the notification where the others are and use the queue, or use Delivery.eventBridge()',
      scope,
    );
  }
  checkNoOverlap(scope, [...notifications.queues, ...queues]);
  notifications.queues.push(...queues);
  if (allowed !== undefined) {
    notifications.resource.node.addDependency(allowed);
  }
}

/** EventBridge is told unless every route is delivered by S3: each event that it gets is paid. */
function render({ queues, byEventBridge }: Owned): s3.CfnBucket.NotificationConfigurationProperty {
  return {
    ...((byEventBridge || queues.length === 0) && { eventBridgeConfiguration: { eventBridgeEnabled: true } }),
    ...(queues.length > 0 && { queueConfigurations: queues.map(({ configuration }) => configuration) }),
  };
}

/** The CDK creates this child with the first notification of its own. */
function hasNotificationHandler(bucket: s3.Bucket): boolean {
  return bucket.node.tryFindChild('Notifications') !== undefined;
}

function warnOfImported(scope: Construct, bucket: s3.IBucket): void {
  warn(
    scope,
    'FileIngestBucket.importedBucket',
    `EventBridge must be enabled on ${bucket.bucketName} outside this app. If the bucket has no other notifications: aws s3api ` +
      `put-bucket-notification-configuration --bucket ${bucket.bucketName} --notification-configuration '{"EventBridgeConfiguration":{}}'`,
  );
}
