import type { Alarm, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { checkExcluded } from '../private/checks';
import { grantPutObjects, grantReadObjects, grantReadObjectTags } from '../private/object-grants';
import { createUndeliveredEvents } from '../private/undelivered-events';
import type { FileIngestBucketProps } from './file-ingest-bucket-props';
import type { IFileIngestBucket } from './ingest-interfaces';
import { IngestRoute } from './ingest-route';
import type { IngestRouteOptions } from './ingest-route-options';
import { ownNotifications } from './private/bucket-notifications';
import { createIngestBucket } from './private/ingest-bucket';

/**
 * A bucket whose new objects become events for those who process them.
 *
 * Each route takes the objects of some prefixes and suffixes and sends their events to one target: S3 tells
 * EventBridge, a rule
 * matches, and delivery is tried for a day before the event goes to the dead-letter queue and rings its alarm. Objects
 * of zero bytes
 * and folder markers start nothing.
 *
 * Limitations:
 * - Delivery is at least once and unordered. A file can be delivered twice; two uploads of one key can arrive in either
 *   order.
 * - An object that two routes match is delivered by both.
 * - The construct owns the notifications of its bucket; `addEventNotification` on it is refused. Add a route instead.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
 *
 * @example
 * declare const worker: QueueScaledFargateWorker;
 * const inbox = new FileIngestBucket(this, 'Inbox');
 * inbox.addRoute('Archives', {
 *   prefixes: ['incoming/'],
 *   suffixes: ['.zip', '.whl'],
 *   target: IngestTarget.worker(worker),
 * });
 */
@propertyInjectable
export class FileIngestBucket extends Construct implements IFileIngestBucket {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.FileIngestBucket';

  /** The bucket that files are put into. */
  readonly bucket: s3.IBucket;

  /** Where events go that could not be delivered to their target. */
  readonly deadLetterQueue: IQueue;

  /** Rings while the dead-letter queue holds anything. */
  readonly deadLetterAlarm: Alarm;

  readonly #versioned: boolean;

  constructor(scope: Construct, id: string, props: FileIngestBucketProps = {}) {
    super(scope, id);
    this.#checkProps(props);
    this.#versioned = props.versioned ?? true;
    this.bucket = props.bucket ?? createIngestBucket(this, props);
    ownNotifications(this, this.bucket);

    const undelivered = createUndeliveredEvents(this, {
      description: `Events of new objects in ${this.node.path} could not be delivered and wait in its dead-letter queue`,
      runbook: 'bucket-undelivered-events',
      alarmActions: props.alarmActions,
    });
    this.deadLetterQueue = undelivered.deadLetterQueue;
    this.deadLetterAlarm = undelivered.deadLetterAlarm;
  }

  /**
   * Sends the events of some new objects to a target of the same stack. For a target of another stack, create an
   * `IngestRoute` there.
   *
   * @param id name of the route, unique in the bucket
   * @param options which objects, and where to
   */
  addRoute(id: string, options: IngestRouteOptions): IngestRoute {
    return new IngestRoute(this, id, { ...options, source: this });
  }

  /**
   * Lets `grantee` read objects, and no more: neither list nor write.
   *
   * @param grantee who reads
   * @param prefix beginning of the keys that may be read; by default all
   */
  grantRead(grantee: iam.IGrantable, prefix = ''): iam.Grant {
    return grantReadObjects(this.bucket, grantee, prefix, this.#versioned);
  }

  /**
   * Lets `grantee` read the tags of objects, and not what is in them.
   *
   * @param grantee who reads
   * @param prefix beginning of the keys whose tags may be read; by default all
   */
  grantReadTags(grantee: iam.IGrantable, prefix = ''): iam.Grant {
    return grantReadObjectTags(this.bucket, grantee, prefix, this.#versioned);
  }

  /**
   * Lets `grantee` put objects, also in parts, and give up an upload.
   *
   * @param grantee who uploads
   * @param prefix beginning of the keys that may be written; by default all
   */
  grantUpload(grantee: iam.IGrantable, prefix = ''): iam.Grant {
    return grantPutObjects(this.bucket, grantee, prefix);
  }

  /**
   * Events that could not be delivered and wait in the dead-letter queue.
   *
   * @param props options of the metric
   */
  metricUndeliveredEvents(props: MetricOptions = {}): Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible(props);
  }

  #checkProps(props: FileIngestBucketProps): void {
    if (props.bucket !== undefined) {
      const {
        bucketName,
        versioned,
        encryptionKey,
        lifecycleRules,
        serverAccessLogsBucket,
        serverAccessLogsPrefix,
        removalPolicy,
      } = props;
      checkExcluded(
        'bucket',
        {
          bucketName,
          versioned,
          encryptionKey,
          lifecycleRules,
          serverAccessLogsBucket,
          serverAccessLogsPrefix,
          removalPolicy,
        },
        'set them where the bucket is created',
        this,
      );
    }
  }
}
