import { Stack } from 'aws-cdk-lib';
import type { Alarm, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { checkExcluded, checkNewId } from '../private/checks';
import { grantPutObjects, grantReadObjects, grantReadObjectTags } from '../private/object-grants';
import { pathOf } from '../private/paths';
import { checkEventSource } from '../private/same-environment';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { ValidationError } from '../private/validation-error';
import type { ExpectFilesOptions } from './expect-files-options';
import type { FileIngestBucketProps } from './file-ingest-bucket-props';
import type { IFileIngestBucket } from './ingest-interfaces';
import { IngestRoute } from './ingest-route';
import type { IngestRouteOptions } from './ingest-route-options';
import { createArrivalAlarm } from './private/arrivals';
import { ownNotifications } from './private/bucket-notifications';
import { createIngestBucket } from './private/ingest-bucket';
import { countRoutes } from './private/route-registry';

/**
 * A bucket that sends events for new objects to processing targets.
 *
 * Each route matches objects by prefix and suffix and sends their events to one target: S3 sends the event to
 * EventBridge, a rule matches it, and EventBridge tries delivery for a day before it sends the event to the dead-letter
 * queue, which has an alarm. Objects of zero bytes and folder markers are ignored.
 *
 * Limitations:
 * - Delivery is at least once and unordered. A file can be delivered twice; two uploads of one key can arrive in either
 *   order.
 * - An object that matches two routes is delivered by both.
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

  /** The bucket that receives the files. */
  readonly bucket: s3.IBucket;

  /** The queue for events that could not be delivered to their target. */
  readonly deadLetterQueue: IQueue;

  /** In ALARM while the dead-letter queue holds messages. */
  readonly deadLetterAlarm: Alarm;

  readonly #versioned: boolean;

  constructor(scope: Construct, id: string, props: FileIngestBucketProps = {}) {
    super(scope, id);
    this.#checkProps(props);
    this.#versioned = props.versioned ?? true;
    this.bucket = props.bucket ?? createIngestBucket(this, props);
    checkEventSource('bucket', this.bucket, this);
    ownNotifications(this, this.bucket);

    const undelivered = createUndeliveredEvents(this, {
      description: `Events of new objects in ${pathOf(this)} could not be delivered and are in its dead-letter queue`,
      runbook: 'bucket-undelivered-events',
      removalPolicy: props.removalPolicy,
    });
    this.deadLetterQueue = undelivered.deadLetterQueue;
    this.deadLetterAlarm = undelivered.deadLetterAlarm;
  }

  /**
   * Sends the events of matching new objects to a target in the same stack. For a target in another stack, create an
   * `IngestRoute` there.
   *
   * @param id name of the route, unique in the bucket
   * @param options the objects and the target
   */
  addRoute(id: string, options: IngestRouteOptions): IngestRoute {
    checkNewId('a route', id, this);
    return new IngestRoute(this, id, { ...options, source: this });
  }

  /**
   * Raises an alarm when fewer files than expected arrive on all routes of the bucket together: the senders are down,
   * EventBridge is switched off on the bucket, or rules are disabled. Call it after the routes are added, once.
   *
   * Routes in other stacks do not count, and a file that matches two routes counts twice. To watch each source, call
   * `expectFiles` of its route. The alarm is in ALARM from its creation until the first files arrive.
   *
   * @param options the number of files and the window
   */
  expectFiles(options: ExpectFilesOptions): Alarm {
    const routes = countRoutes(this).filter((route) => Stack.of(route) === Stack.of(this));
    if (routes.length === 0) {
      throw new ValidationError('expectFiles needs a route, whose files it counts; add the routes first', this);
    }
    return createArrivalAlarm(
      this,
      routes.filter((route) => route instanceof IngestRoute),
      options,
    );
  }

  /**
   * Allows `grantee` to read objects, but not to list or write them.
   *
   * @param grantee the reader
   * @param prefix prefix of the keys; by default all objects
   */
  grantRead(grantee: iam.IGrantable, prefix = ''): iam.Grant {
    return grantReadObjects(this.bucket, grantee, prefix, this.#versioned);
  }

  /**
   * Allows `grantee` to read the tags of objects, but not their content.
   *
   * @param grantee the reader
   * @param prefix prefix of the keys; by default all objects
   */
  grantReadTags(grantee: iam.IGrantable, prefix = ''): iam.Grant {
    return grantReadObjectTags(this.bucket, grantee, prefix, this.#versioned);
  }

  /**
   * Allows `grantee` to put objects, also with multipart uploads, and to abort uploads.
   *
   * @param grantee the uploader
   * @param prefix prefix of the keys; by default all keys
   */
  grantUpload(grantee: iam.IGrantable, prefix = ''): iam.Grant {
    return grantPutObjects(this.bucket, grantee, prefix);
  }

  /**
   * Undelivered events in the dead-letter queue.
   *
   * @param props options of the metric
   */
  metricUndeliveredEvents(props: MetricOptions = {}): Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible(props);
  }

  #checkProps(props: FileIngestBucketProps): void {
    if (props.bucket !== undefined) {
      const { bucketName, versioned, encryptionKey, lifecycleRules, serverAccessLogsBucket, serverAccessLogsPrefix } =
        props;
      checkExcluded(
        'bucket',
        {
          bucketName,
          versioned,
          encryptionKey,
          lifecycleRules,
          serverAccessLogsBucket,
          serverAccessLogsPrefix,
        },
        'set them where the bucket is created',
        this,
      );
    }
  }
}
