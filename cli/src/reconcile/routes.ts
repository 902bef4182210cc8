import { ListTargetsByRuleCommand, type Target } from '@aws-sdk/client-eventbridge';
import { GetBucketNotificationConfigurationCommand } from '@aws-sdk/client-s3';
import { OBJECT_CREATED_DETAIL_TYPE, OBJECT_EVENT_SOURCE, RECONCILED_REASON } from '../../../src/contract/object-event';
import type { Pipeline } from '../pipeline';
import { describeRules } from '../rules';
import { eachOf } from '../support/batches';
import type { Clients } from '../support/clients';
import { accepts } from './event-pattern';
import type { ListedObject } from './listing';
import { inputOf } from './target-input';

/** The way from a bucket to a target, for the objects that it accepts. */
export interface ObjectRoute {
  readonly name: string;
  readonly bucket: string;
  accepts(object: ListedObject): boolean;
  readonly targets: readonly RouteTarget[];
}

export interface RouteTarget {
  readonly arn: string;
  readonly groupId?: string;
  /** The message for the event of an object. */
  messageOf(object: ListedObject, id: string): string;
}

/** Routes of a stack: rules for new objects, and S3 notifications to queues. */
export async function describeRoutes(clients: Clients, pipeline: Pipeline): Promise<ObjectRoute[]> {
  const rules = (await describeRules(clients, pipeline)).filter(({ buckets }) => buckets.length > 0);
  const ofRules = await eachOf(rules, async ({ name, rule, arn, pattern = '{}', buckets }): Promise<ObjectRoute[]> => {
    const types = (JSON.parse(pattern) as { readonly 'detail-type'?: readonly string[] })['detail-type'];
    if (types?.includes(OBJECT_CREATED_DETAIL_TYPE) === false) {
      return [];
    }
    const { Targets: targets = [] } = await clients.events.send(new ListTargetsByRuleCommand({ Rule: rule }));
    return buckets.map((bucket) => ({
      name: buckets.length === 1 ? name : `${name}/${bucket}`,
      bucket,
      accepts: accepts(name, pattern),
      targets: targets.map((target) => targetOf(arn, target)),
    }));
  });
  const buckets = pipeline.ofType('AWS::S3::Bucket', 'Bucket');
  const ofNotifications = await eachOf(buckets, ({ name, physicalId }) => notificationsOf(clients, name, physicalId));
  return [...ofRules.flat(), ...ofNotifications.flat()];
}

function targetOf(ruleArn: string, target: Target): RouteTarget {
  const [, partition = 'aws', , region, account] = ruleArn.split(':');
  return {
    arn: target.Arn ?? '',
    ...(target.SqsParameters?.MessageGroupId !== undefined && { groupId: target.SqsParameters.MessageGroupId }),
    messageOf: ({ bucket, key, size, etag, versionId, modified }, id) =>
      inputOf(target, {
        version: '0',
        id,
        'detail-type': OBJECT_CREATED_DETAIL_TYPE,
        source: OBJECT_EVENT_SOURCE,
        account,
        time: modified.toISOString(),
        region,
        resources: [`arn:${partition}:s3:::${bucket}`],
        detail: {
          version: '0',
          bucket: { name: bucket },
          object: { key, size, etag, ...(versionId !== undefined && { 'version-id': versionId }) },
          reason: RECONCILED_REASON,
        },
      }),
  };
}

/** One route for each queue; its notifications differ in their prefixes and suffixes. */
async function notificationsOf(clients: Clients, name: string, bucket: string): Promise<ObjectRoute[]> {
  const { QueueConfigurations: all = [] } = await clients.s3.send(
    new GetBucketNotificationConfigurationCommand({ Bucket: bucket }),
  );
  const queues = [...new Set(all.map(({ QueueArn: queue = '' }) => queue))];
  return queues.map((arn) => {
    const filters = all
      .filter(({ QueueArn: queue }) => queue === arn)
      .map(({ Filter: { Key: { FilterRules: rules = [] } = {} } = {} }) => {
        const valueOf = (wanted: string) =>
          rules.find(({ Name: of }) => of?.toLowerCase() === wanted)?.Value?.replaceAll('+', ' ') ?? '';
        return { prefix: decodeURIComponent(valueOf('prefix')), suffix: decodeURIComponent(valueOf('suffix')) };
      });
    return {
      name: `${name}/${arn.split(':').at(-1) ?? ''}`,
      bucket,
      accepts: ({ key }) => filters.some(({ prefix, suffix }) => key.startsWith(prefix) && key.endsWith(suffix)),
      targets: [{ arn, messageOf: (object) => notificationOf(object, arn) }],
    };
  });
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
function notificationOf({ bucket, key, size, etag, versionId, modified }: ListedObject, queueArn: string): string {
  const record = {
    eventVersion: '2.1',
    eventSource: OBJECT_EVENT_SOURCE.replace('.', ':'),
    awsRegion: queueArn.split(':')[3],
    eventTime: modified.toISOString(),
    eventName: 'ObjectCreated:Put',
    s3: {
      bucket: { name: bucket, arn: `arn:${queueArn.split(':')[1] ?? 'aws'}:s3:::${bucket}` },
      object: {
        key: encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/'),
        size,
        eTag: etag,
        ...(versionId !== undefined && { versionId }),
      },
    },
  };
  return JSON.stringify({ Records: [record] });
}
