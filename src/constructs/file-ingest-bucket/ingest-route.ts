import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { Archive, EventBus, Rule, type EventPattern, type IRuleTarget } from 'aws-cdk-lib/aws-events';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import {
  OBJECT_CREATED_DETAIL_TYPE,
  OBJECT_DELETED_DETAIL_TYPE,
  OBJECT_EVENT_SOURCE,
} from '../../contract/object-event';
import { EventBridgeLimits } from '../../contract/service-limits';
import { acknowledgeWildcard } from '../private/acknowledge';
import { checkSeconds, checkWholeNumber } from '../private/checks';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { ValidationError } from '../private/validation-error';
import { warn } from '../private/warning';
import { IngestDefaults } from './defaults';
import type { IFileIngestBucket, IIngestRoute } from './ingest-interfaces';
import type { IngestRouteOptions } from './ingest-route-options';
import type { IngestDelivery } from './ingest-target-options';
import { tellEventBridge, tellQueue } from './private/bucket-notifications';
import { allowNotifications, checkForNotifications, renderNotifications } from './private/queue-notification';
import { createRouteFilter, renderDetail } from './private/route-filter';
import type { RouteFilter } from './private/route-overlap';
import { registerRoute, type Overlap } from './private/route-registry';

/** Properties of `IngestRoute`. */
export interface IngestRouteProps extends IngestRouteOptions {
  /** The bucket whose objects the route is about. */
  readonly source: IFileIngestBucket;

  /**
   * What the alarm of the route's own dead-letter queue does, which it has when `source` is of another stack.
   *
   * @default - the alarm rings without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];
}

/**
 * The way of some of a bucket's new objects to one target.
 *
 * An EventBridge rule with a retry policy and a dead-letter queue. Delivery is at least once and in no order.
 *
 * `FileIngestBucket.addRoute` creates it in the bucket's stack. When the target is of another stack, create the route
 * there: rule, queue and
 * permissions name one another, and only the bucket's stack can be without knowledge of the others. The route then has
 * a dead-letter
 * queue and an alarm of its own.
 *
 * @example
 * declare const inbox: FileIngestBucket; // of another stack
 * declare const worker: QueueScaledFargateWorker;
 * new fileworks.IngestRoute(this, 'Archives', {
 *   source: inbox,
 *   suffixes: ['.zip'],
 *   target: IngestTarget.worker(worker),
 * });
 */
@propertyInjectable
export class IngestRoute extends Construct implements IIngestRoute {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.IngestRoute';

  /** The rule that matches the events; undefined with `Delivery.s3Notifications()`. */
  readonly rule?: Rule;

  /**
   * Where events go that could not be delivered: the bucket's dead-letter queue, or one of the route's own in another
   * stack; undefined with
   * `Delivery.s3Notifications()`.
   */
  readonly deadLetterQueue?: IQueue;

  /** The route's events of the last time, for a replay; undefined without `archiveFor`. */
  readonly archive?: Archive;

  /** The queue that the events go to; undefined for a target that is no queue. */
  readonly queue?: IQueue;

  /** The bucket whose objects the route is about. */
  readonly source: IFileIngestBucket;

  /** Beginnings of the keys that the route is about; empty: all. */
  readonly prefixes: string[];

  constructor(scope: Construct, id: string, props: IngestRouteProps) {
    super(scope, id);
    const { minEventAgeSeconds, maxEventAgeSeconds, maxRetryAttempts } = EventBridgeLimits;
    checkSeconds('maxEventAge', props.maxEventAge, { min: minEventAgeSeconds, max: maxEventAgeSeconds }, this);
    checkWholeNumber('retryAttempts', props.retryAttempts, { min: 0, max: maxRetryAttempts }, this);
    checkWholeNumber('archiveFor', props.archiveFor?.toDays({ integral: false }), { min: 1, unit: 'days' }, this);
    this.source = props.source;
    const filter = createRouteFilter(this, props);
    this.prefixes = [...filter.key.prefixes];
    this.#warnOfOverlaps(registerRoute(props.source, this, filter));
    if (props.delivery?.direct ?? false) {
      this.queue = this.#deliverByS3(props, filter);
      return;
    }
    this.#warnOfLargeObjects(filter);
    tellEventBridge(props.source.bucket);
    this.deadLetterQueue = this.#resolveDeadLetterQueue(props);
    const eventPattern = this.#renderPattern(filter);
    this.rule = new Rule(this, 'Rule', {
      description: props.description ?? `New objects for ${this.node.path}`,
      enabled: props.enabled ?? true,
      eventPattern,
    });
    const target = props.target.bind(this, this, this.#renderDelivery(props, this.deadLetterQueue));
    this.rule.addTarget(target.ruleTarget);
    this.rule.addTarget(target.companion);
    this.queue = target.queue;
    if (target.deletions !== undefined) {
      this.#tellOfDeletions(filter, target.deletions, props.enabled ?? true);
    }
    this.archive =
      props.archiveFor &&
      new Archive(this, 'Archive', {
        sourceEventBus: EventBus.fromEventBusName(this, 'DefaultBus', 'default'),
        eventPattern,
        retention: props.archiveFor,
        description: `New objects for ${this.node.path}`,
      });
  }

  /**
   * Lets `grantee` read the objects that the route is about: those below its prefixes or, when it has none, all.
   *
   * @param grantee who processes the files
   */
  grantRead(grantee: IGrantable): Grant {
    return this.#forEachPrefix((prefix) => this.source.grantRead(grantee, prefix));
  }

  /**
   * Lets `grantee` read the tags of the objects that the route is about, and not what is in them.
   *
   * @param grantee who reads
   */
  grantReadTags(grantee: IGrantable): Grant {
    return this.#forEachPrefix((prefix) => this.source.grantReadTags(grantee, prefix));
  }

  /**
   * Lets `grantee` have archived events delivered again, look at such a replay and cancel it. Needs `archiveFor`.
   *
   * AWS does not tie a replay to a rule by permission: who may replay can deliver the archived events to any rule of
   * the default bus that matches them.
   *
   * @param grantee who replays
   */
  grantReplay(grantee: IGrantable): Grant {
    if (this.archive === undefined) {
      throw new ValidationError(
        'grantReplay needs archiveFor, because only archived events can be delivered again; set it on the route',
        this,
      );
    }
    const replays = Stack.of(this).formatArn({
      service: 'events',
      resource: 'replay',
      resourceName: '*',
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    if (Construct.isConstruct(grantee.grantPrincipal)) {
      acknowledgeWildcard(
        grantee.grantPrincipal,
        replays,
        'Replays are named when they are started; the archive bounds what they deliver',
      );
    }
    Grant.addToPrincipal({
      grantee,
      actions: ['events:DescribeReplay', 'events:CancelReplay'],
      resourceArns: [replays],
    });
    return Grant.addToPrincipal({
      grantee,
      actions: ['events:StartReplay'],
      resourceArns: [this.archive.archiveArn, replays],
    });
  }

  #resolveDeadLetterQueue({ source, alarmActions }: IngestRouteProps): IQueue {
    return Stack.of(this) === Stack.of(source)
      ? source.deadLetterQueue
      : createUndeliveredEvents(new Construct(this, 'Undelivered'), {
          description: `Events of new objects for ${this.node.path} could not be delivered and wait in its dead-letter queue`,
          runbook: 'bucket-undelivered-events',
          alarmActions,
        }).deadLetterQueue;
  }

  #renderDelivery({ maxEventAge, retryAttempts }: IngestRouteProps, deadLetterQueue: IQueue): IngestDelivery {
    return {
      deadLetterQueue,
      maxEventAge: maxEventAge ?? IngestDefaults.maxEventAge,
      retryAttempts: retryAttempts ?? IngestDefaults.retryAttempts,
    };
  }

  /** S3 has no dead-letter queue; the bucket's is given to the target because it asks for one, and is not used. */
  #deliverByS3(props: IngestRouteProps, filter: RouteFilter): IQueue {
    const { source, target } = props;
    checkForNotifications(this, props);
    const { queue, takesS3Notifications } = target.bind(
      this,
      this,
      this.#renderDelivery(props, source.deadLetterQueue),
    );
    if (queue === undefined || takesS3Notifications !== true) {
      throw new ValidationError(
        'target cannot take notifications of S3, which go to standard queues whole and unchanged and wake no worker; use IngestTarget.queue(), existingQueue() or ' +
          'worker() without FIFO, messageGroupId, IngestMessageFormat.COMPACT and wake, or use Delivery.eventBridge()',
        this,
      );
    }
    if (Stack.of(this) !== Stack.of(source.bucket)) {
      throw new ValidationError(
        'a route with Delivery.s3Notifications() must be in the stack of the bucket, which names its queue; use addRoute there, or Delivery.eventBridge()',
        this,
      );
    }
    tellQueue(this, source.bucket, renderNotifications(this, filter, queue), allowNotifications(this, queue));
    return queue;
  }

  #forEachPrefix(grant: (prefix: string) => Grant): Grant {
    return (this.prefixes.length === 0 ? [''] : this.prefixes).map(grant).reduce((all, next) => all.combine(next));
  }

  /** An event of a deletion tells neither size nor how the object was made. */
  #tellOfDeletions(filter: RouteFilter, target: IRuleTarget, enabled: boolean): void {
    new Rule(this, 'Deletions', {
      description: `Deleted objects for ${this.node.path}`,
      enabled,
      eventPattern: this.#renderPattern(
        { ...filter, minSize: 0, maxSize: Infinity, reasons: [] },
        OBJECT_DELETED_DETAIL_TYPE,
      ),
      targets: [target],
    });
  }

  #renderPattern(filter: RouteFilter, detailType = OBJECT_CREATED_DETAIL_TYPE): EventPattern {
    const detail = {
      bucket: { name: [this.source.bucket.bucketName] },
      ...renderDetail(filter),
    };
    this.#warnOfSize(JSON.stringify(detail).length);
    return { source: [OBJECT_EVENT_SOURCE], detailType: [detailType], detail };
  }

  /** A raised quota is nothing that synth can know, so this is not an error. */
  #warnOfSize(characters: number): void {
    if (characters > EventBridgeLimits.maxPatternCharacters) {
      warn(
        this,
        'FileIngestBucket.patternSize',
        `The event pattern has about ${characters} characters, and EventBridge takes ${EventBridgeLimits.maxPatternCharacters} unless the quota was raised; ` +
          'split the route, or set caseSensitiveSuffixes',
      );
    }
  }

  #warnOfLargeObjects({ minSize, maxSize }: RouteFilter): void {
    if (minSize > 1 && maxSize === Infinity) {
      warn(
        this,
        'FileIngestBucket.largeObjects',
        `With minSize, objects above ${EventBridgeLimits.maxComparableNumber} bytes start nothing, because EventBridge does not compare larger numbers; ` +
          'acknowledge this if there are none',
      );
    }
  }

  #warnOfOverlaps(overlaps: readonly Overlap[]): void {
    if (overlaps.length > 0) {
      const example = overlaps.find(({ key }) => key !== '')?.key;
      warn(
        this,
        'FileIngestBucket.overlappingRoutes',
        `Some objects${example === undefined ? '' : `, such as ${JSON.stringify(example)},`} fit ${overlaps.map(({ route }) => route.node.id).join(' and ')} too and are ` +
          'delivered by each of these routes; narrow them, or acknowledge this if it is what you want',
      );
    }
  }
}
