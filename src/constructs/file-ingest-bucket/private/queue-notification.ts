import type { CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IDependable } from 'constructs';
import { S3NotificationLimits } from '../../../contract/service-limits';
import { checkExcluded } from '../../private/checks';
import { allowServiceToSend } from '../../private/grants';
import { ValidationError } from '../../private/validation-error';
import { warn } from '../../private/warning';
import { IngestReason, type IngestRouteOptions } from '../ingest-route-options';
import { endingsOf } from './key-filter';
import type { RouteFilter } from './route-overlap';

/** One S3 notification to a queue, which matches objects by one prefix and one suffix. */
export interface QueueNotification {
  readonly route: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly configuration: CfnBucket.QueueConfigurationProperty;
}

const EVENT_TYPES: Readonly<Record<string, string>> = {
  [IngestReason.PUT_OBJECT]: 's3:ObjectCreated:Put',
  [IngestReason.POST_OBJECT]: 's3:ObjectCreated:Post',
  [IngestReason.COPY_OBJECT]: 's3:ObjectCreated:Copy',
  [IngestReason.COMPLETE_MULTIPART_UPLOAD]: 's3:ObjectCreated:CompleteMultipartUpload',
};
const ANY_EVENT = 's3:ObjectCreated:*';

/** Throws for options that only an EventBridge rule supports. */
export function checkForNotifications(scope: Construct, options: IngestRouteOptions): void {
  const {
    keyPatterns,
    excludeKeyPatterns,
    minSize,
    maxSize,
    maxEventAge,
    retryAttempts,
    enabled,
    description,
    archiveFor,
  } = options;
  checkExcluded(
    'Delivery.s3Notifications()',
    { keyPatterns, excludeKeyPatterns, minSize, maxSize, maxEventAge, retryAttempts, enabled, description, archiveFor },
    'S3 has no rule and filters by prefixes, suffixes and reasons only; use Delivery.eventBridge()',
    scope,
  );
  if (options.ignoreEmptyObjects !== false) {
    throw new ValidationError(
      'ignoreEmptyObjects must be false with Delivery.s3Notifications(), because S3 does not filter by size; set it, and let the worker return early for an empty object',
      scope,
    );
  }
}

/** The notifications of a route: one for each prefix, each spelling of a suffix and each reason. */
export function renderNotifications(
  scope: Construct,
  { key, reasons }: RouteFilter,
  queue: IQueue,
): QueueNotification[] {
  const starred = [...key.prefixes, ...key.suffixes].find((text) => text.includes('*'));
  if (starred !== undefined) {
    throw new ValidationError(
      `prefixes and suffixes cannot contain an asterisk with Delivery.s3Notifications(), which S3 does not support, got: ${starred}`,
      scope,
    );
  }
  const events = reasons.length === 0 ? [ANY_EVENT] : reasons.map((reason) => EVENT_TYPES[reason]);
  return orAll(key.prefixes).flatMap((prefix) =>
    orAll(endingsOf(key)).flatMap((suffix) =>
      events.map((event) => ({
        route: scope.node.id,
        prefix,
        suffix,
        configuration: { event, queue: queue.queueArn, ...renderFilter(prefix, suffix) },
      })),
    ),
  );
}

/** S3 refuses a configuration in which two notifications of one event type match the same key. */
export function checkNoOverlap(scope: Construct, all: readonly QueueNotification[]): void {
  if (all.length > S3NotificationLimits.maxNotifications) {
    throw new ValidationError(
      `S3 accepts ${S3NotificationLimits.maxNotifications} notifications for a bucket, and its routes would need ${all.length}, one for each prefix and each spelling of a ` +
        'suffix; set caseSensitiveSuffixes, or use Delivery.eventBridge()',
      scope,
    );
  }
  for (const [index, a] of all.entries()) {
    const b = all.slice(index + 1).find((other) => overlap(a, other));
    if (b !== undefined) {
      const example =
        (a.prefix.length > b.prefix.length ? a.prefix : b.prefix) +
        (a.suffix.length > b.suffix.length ? a.suffix : b.suffix);
      throw new ValidationError(
        `${a.route === b.route ? `prefixes and suffixes of ${a.route}` : `${a.route} and ${b.route}`} cannot match the same object with Delivery.s3Notifications(), which S3 ` +
          `refuses, got both for ${example === '' ? 'every key' : JSON.stringify(example)}; narrow them, or use Delivery.eventBridge()`,
        scope,
      );
    }
  }
}

/** Allows S3 to send to the queue. Returns the dependency of the bucket. */
export function allowNotifications(scope: Construct, queue: IQueue): IDependable | undefined {
  // For the account, not the bucket: the bucket depends on this policy, which therefore cannot reference the bucket.
  const { statementAdded, policyDependable } = allowServiceToSend(queue, 's3.amazonaws.com');
  if (!statementAdded) {
    warn(
      scope,
      'FileIngestBucket.importedQueue',
      'The policy of the imported queue must allow s3.amazonaws.com to send messages before this is deployed; acknowledge this when it does',
    );
  }
  return policyDependable;
}

function renderFilter(prefix: string, suffix: string): Pick<CfnBucket.QueueConfigurationProperty, 'filter'> {
  const rules = Object.entries({ prefix, suffix })
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({ name, value: encode(value) }));
  return rules.length === 0 ? {} : { filter: { s3Key: { rules } } };
}

/** The encoding of filter values in S3: a space is a plus, other special characters are percent-encoded. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+');
}

function overlap(a: QueueNotification, b: QueueNotification): boolean {
  const { event } = a.configuration;
  const sameEvent = event === b.configuration.event || event === ANY_EVENT || b.configuration.event === ANY_EVENT;
  const prefixes = a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix);
  const suffixes = a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix);
  return sameEvent && prefixes && suffixes;
}

const orAll = (texts: readonly string[]): readonly string[] => (texts.length === 0 ? [''] : texts);
