import { Lazy } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct, IDependable } from 'constructs';
import { ValidationError } from '../../private/validation-error';
import { warn } from '../../private/warning';
import { checkNoOverlap, type QueueNotification } from './queue-notification';

/** The notifications of an owned bucket. Routes add to them until the template is rendered. */
interface Owned {
  readonly resource: s3.CfnBucket;
  readonly queues: QueueNotification[];
  byEventBridge: boolean;
}

const owned = new WeakMap<s3.IBucket, Owned>();

/** The buckets of this app that belong to a construct, also those whose notifications the CDK's handler renders. */
const claimed = new WeakSet<s3.IBucket>();

/**
 * Makes the bucket send events of new objects to EventBridge and to the queues of routes.
 *
 * It uses the bucket's own property, because `eventBridgeEnabled` of the CDK is a custom resource with a Lambda
 * function. That custom resource replaces the whole notification configuration, so the two must never manage the same
 * bucket.
 */
export function ownNotifications(scope: Construct, bucket: s3.IBucket): void {
  if (!(bucket instanceof s3.Bucket)) {
    warnOfImported(scope, bucket);
    return;
  }
  if (claimed.has(bucket)) {
    throw new ValidationError(
      'bucket belongs to another FileIngestBucket already, which owns its notifications; add the route to that one',
      scope,
    );
  }
  claimed.add(bucket);
  if (hasNotificationHandler(bucket)) {
    // The handler exists already and owns the configuration; it can enable EventBridge too.
    bucket.enableEventBridgeNotification();
    return;
  }
  const resource = bucket.node.defaultChild as s3.CfnBucket;
  if (resource.notificationConfiguration !== undefined) {
    throw new ValidationError(
      'bucket has a notificationConfiguration already, which this construct would replace; add eventBridgeConfiguration to it and ' +
        'pass the bucket with Bucket.fromBucketName',
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

/** Keeps EventBridge enabled although other routes use S3 notifications. */
export function enableEventBridge(bucket: s3.IBucket): void {
  const notifications = owned.get(bucket);
  if (notifications !== undefined) {
    notifications.byEventBridge = true;
  }
}

/** Makes S3 send notifications to queues. Their policies must allow it first, because S3 verifies the configuration. */
export function notifyQueue(
  scope: Construct,
  bucket: s3.IBucket,
  queues: readonly QueueNotification[],
  allowed: IDependable | undefined,
): void {
  const notifications = owned.get(bucket);
  if (notifications === undefined) {
    throw new ValidationError(
      'Delivery.s3Notifications() needs a bucket whose notifications the construct owns, and those of this bucket are set elsewhere; let FileIngestBucket ' +
        'create the bucket, add the notification where the others are set and use the queue, or use Delivery.eventBridge()',
      scope,
    );
  }
  checkNoOverlap(scope, [...notifications.queues, ...queues]);
  notifications.queues.push(...queues);
  if (allowed !== undefined) {
    notifications.resource.node.addDependency(allowed);
  }
}

/** EventBridge is enabled unless every route uses S3 notifications, because its events cost money. */
function render({ queues, byEventBridge }: Owned): s3.CfnBucket.NotificationConfigurationProperty {
  return {
    ...((byEventBridge || queues.length === 0) && { eventBridgeConfiguration: { eventBridgeEnabled: true } }),
    ...(queues.length > 0 && { queueConfigurations: queues.map(({ configuration }) => configuration) }),
  };
}

/** The CDK creates this child with its first notification. */
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
