import { ArnFormat, Stack, type RemovalPolicy, type Duration } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Archive, EventBus, Rule, type EventPattern, type IRuleTarget } from 'aws-cdk-lib/aws-events';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { OBJECT_CREATED_DETAIL_TYPE, OBJECT_DELETED_DETAIL_TYPE } from '../../contract/object-event';
import { EventBridgeLimits } from '../../contract/service-limits';
import { acknowledgeWildcard } from '../private/acknowledge';
import { checkDuration, checkWholeNumber } from '../private/checks';
import { pathOf } from '../private/paths';
import { recordIntake } from '../private/recursion';
import { checkEventSource } from '../private/same-environment';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { ValidationError } from '../private/validation-error';
import { warn } from '../private/warning';
import { IngestDefaults } from './defaults';
import type { ExpectFilesOptions } from './expect-files-options';
import type { IFileIngestBucket, IIngestRoute } from './ingest-interfaces';
import type { IngestRouteOptions } from './ingest-route-options';
import type { IngestDelivery } from './ingest-target-options';
import { createArrivalAlarm } from './private/arrivals';
import { enableEventBridge, notifyQueue } from './private/bucket-notifications';
import { hasWildcard, renderEventPatterns } from './private/event-patterns';
import { allowNotifications, checkForNotifications, renderNotifications } from './private/queue-notification';
import { createRouteFilter } from './private/route-filter';
import { matchesBelow, type RouteFilter } from './private/route-overlap';
import { registerRoute, type Overlap } from './private/route-registry';
import { countWildcardRule } from './private/wildcard-quota';

/** Properties of `IngestRoute`. */
export interface IngestRouteProps extends IngestRouteOptions {
  /** The bucket whose objects the route matches. */
  readonly source: IFileIngestBucket;

  /**
   * The removal policy of the route's own dead-letter queue, which exists if `source` is in another stack. A retained
   * queue keeps its messages when the stack is deleted.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * Sends the events of matching new objects of a bucket to one target.
 *
 * An EventBridge rule with a retry policy and a dead-letter queue. Delivery is at least once and unordered.
 *
 * `FileIngestBucket.addRoute` creates it in the bucket's stack. If the target is in another stack, create the route
 * there: rule, queue and permissions reference one another, so a route in the bucket's stack would create a circular
 * stack reference. The route then has a dead-letter queue and an alarm of its own.
 *
 * @example
 * declare const inbox: FileIngestBucket; // in another stack
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

  /** The rule that matches the events, the first one of `rules`; undefined with `Delivery.s3Notifications()`. */
  readonly rule?: Rule;

  /**
   * The rules that match the events: one, or several if a single pattern would be longer than EventBridge accepts. No
   * two of them match the same object. Empty with `Delivery.s3Notifications()`.
   */
  readonly rules: Rule[];

  /**
   * The queue for events that could not be delivered: the bucket's dead-letter queue, or the route's own in another
   * stack; undefined with `Delivery.s3Notifications()`.
   */
  readonly deadLetterQueue?: IQueue;

  /** The archive of the route's events, for replays; undefined without `archiveFor`. */
  readonly archive?: Archive;

  /** The queue that receives the events; undefined if the target is not a queue. */
  readonly queue?: IQueue;

  /** The bucket whose objects the route matches. */
  readonly source: IFileIngestBucket;

  /** Prefixes of the keys that the route matches; empty for all keys. */
  readonly prefixes: string[];

  readonly #filter: RouteFilter;
  readonly #allowRecursion: boolean;

  constructor(scope: Construct, id: string, props: IngestRouteProps) {
    super(scope, id);
    const { minEventAgeSeconds, maxEventAgeSeconds, maxRetryAttempts } = EventBridgeLimits;
    checkDuration(
      'maxEventAge',
      props.maxEventAge,
      { min: minEventAgeSeconds, max: maxEventAgeSeconds, tokens: true },
      this,
    );
    checkWholeNumber('retryAttempts', props.retryAttempts, { min: 0, max: maxRetryAttempts, tokens: true }, this);
    checkDuration('archiveFor', props.archiveFor, { min: 1, unit: 'days', tokens: true }, this);
    this.source = props.source;
    checkEventSource('source', props.source.bucket, this);
    const filter = createRouteFilter(this, props);
    this.prefixes = [...filter.key.prefixes];
    this.#filter = filter;
    this.#allowRecursion = props.allowRecursion ?? false;
    this.#warnOfOverlaps(registerRoute(props.source, this, filter));
    if (props.delivery?.direct ?? false) {
      this.rules = [];
      this.queue = this.#deliverByS3(props, filter);
      return;
    }
    this.#warnOfLargeObjects(filter);
    enableEventBridge(props.source.bucket);
    this.deadLetterQueue = this.#resolveDeadLetterQueue(props);
    const patterns = this.#renderPatterns(filter, OBJECT_CREATED_DETAIL_TYPE);
    this.rules = this.#createRules('Rule', patterns, {
      description: props.description ?? `New objects for ${pathOf(this)}`,
      enabled: props.enabled,
    });
    this.rule = this.rules[0];
    const target = props.target.bind(this, this, this.#renderDelivery(props, this.deadLetterQueue));
    for (const rule of this.rules) {
      rule.addTarget(target.ruleTarget);
      rule.addTarget(target.companion);
    }
    this.queue = target.queue;
    if (target.deletions !== undefined) {
      this.#addDeletionRules(filter, target.deletions, props.enabled);
    }
    this.archive = props.archiveFor && this.#createArchive(patterns, props.archiveFor);
  }

  /**
   * Allows `grantee` to read the objects below the route's prefixes, or all objects if it has none.
   *
   * @param grantee the reader
   * @param prefixes narrower prefixes of keys, in which `*` and `?` are wildcards; by default those of the route
   */
  grantRead(grantee: IGrantable, prefixes = this.prefixes): Grant {
    if (!this.#allowRecursion) {
      recordIntake(grantee, {
        route: this,
        bucket: this.source.bucket,
        matches: (prefix) => matchesBelow(this.#filter, prefix),
      });
    }
    return forEachPrefix(prefixes, (prefix) => this.source.grantRead(grantee, prefix));
  }

  /**
   * Allows `grantee` to read the tags of the objects below the route's prefixes, but not their content.
   *
   * @param grantee the reader
   */
  grantReadTags(grantee: IGrantable): Grant {
    return forEachPrefix(this.prefixes, (prefix) => this.source.grantReadTags(grantee, prefix));
  }

  /**
   * Raises an alarm when fewer files than expected arrive: the sender is down, EventBridge is switched off on the
   * bucket, or the rule is disabled. Once for a route.
   *
   * The alarm counts the events that match the route; with `Delivery.s3Notifications()` the messages that are sent to
   * its queue, which must then receive nothing else. It is in ALARM from its creation until the first files arrive.
   *
   * @param options the number of files and the window
   */
  expectFiles(options: ExpectFilesOptions): Alarm {
    return createArrivalAlarm(this, [this], options);
  }

  /**
   * Allows `grantee` to replay archived events, and to describe and cancel such a replay. Needs `archiveFor`.
   *
   * IAM cannot limit a replay to a rule: `grantee` can replay the archived events to any rule of the default bus that
   * matches them.
   *
   * @param grantee the operator
   */
  grantReplay(grantee: IGrantable): Grant {
    if (this.archive === undefined) {
      throw new ValidationError(
        'grantReplay needs archiveFor, because only archived events can be replayed; set it on the route',
        this,
      );
    }
    const arn = (resource: string, resourceName: string) =>
      Stack.of(this).formatArn({
        service: 'events',
        resource,
        resourceName,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      });
    const replays = arn('replay', '*');
    if (Construct.isConstruct(grantee.grantPrincipal)) {
      acknowledgeWildcard(
        grantee.grantPrincipal,
        replays,
        'The names of replays are unknown at synth; the archive limits what they deliver',
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
      // The archive, the replay, and the bus that it delivers to:
      // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
      resourceArns: [this.archive.archiveArn, replays, arn('event-bus', 'default')],
    });
  }

  #resolveDeadLetterQueue({ source, removalPolicy }: IngestRouteProps): IQueue {
    return Stack.of(this) === Stack.of(source)
      ? source.deadLetterQueue
      : createUndeliveredEvents(new Construct(this, 'Undelivered'), {
          description: `Events of new objects for ${pathOf(this)} could not be delivered and are in its dead-letter queue`,
          runbook: 'bucket-undelivered-events',
          removalPolicy,
        }).deadLetterQueue;
  }

  #renderDelivery({ maxEventAge, retryAttempts }: IngestRouteProps, deadLetterQueue: IQueue): IngestDelivery {
    return {
      deadLetterQueue,
      maxEventAge: maxEventAge ?? IngestDefaults.maxEventAge,
      retryAttempts: retryAttempts ?? IngestDefaults.retryAttempts,
    };
  }

  /** S3 uses no dead-letter queue; the target gets the bucket's, because it needs one, and it stays unused. */
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
        'target cannot receive S3 notifications, which are sent unchanged to standard queues and cannot wake a worker; use IngestTarget.queue(), existingQueue() or ' +
          'worker() without FIFO, messageGroupId, IngestMessageFormat.COMPACT and wake, or use Delivery.eventBridge()',
        this,
      );
    }
    if (Stack.of(this) !== Stack.of(source.bucket)) {
      throw new ValidationError(
        'a route with Delivery.s3Notifications() must be in the stack of the bucket, which references its queue; use addRoute there, or Delivery.eventBridge()',
        this,
      );
    }
    notifyQueue(this, source.bucket, renderNotifications(this, filter, queue), allowNotifications(this, queue));
    return queue;
  }

  /** The event of a deletion has neither the size nor the reason. */
  #addDeletionRules(filter: RouteFilter, target: IRuleTarget, enabled: boolean | undefined): void {
    const deleted = { ...filter, minSize: 0, maxSize: Infinity, reasons: [] };
    const rules = this.#createRules('Deletions', this.#renderPatterns(deleted, OBJECT_DELETED_DETAIL_TYPE), {
      description: `Deleted objects for ${pathOf(this)}`,
      enabled,
    });
    for (const rule of rules) {
      rule.addTarget(target);
    }
  }

  #renderPatterns(filter: RouteFilter, detailType: string): EventPattern[] {
    return renderEventPatterns(this, filter, { bucketName: this.source.bucket.bucketName, detailType });
  }

  #createRules(
    id: string,
    patterns: readonly EventPattern[],
    { description, enabled = true }: Pick<IngestRouteOptions, 'description' | 'enabled'>,
  ): Rule[] {
    return patterns.map((eventPattern, index) => {
      if (hasWildcard(eventPattern)) {
        countWildcardRule(this);
      }
      return new Rule(this, index === 0 ? id : `${id}${index + 1}`, { description, enabled, eventPattern });
    });
  }

  #createArchive([eventPattern, ...others]: readonly EventPattern[], retention: Duration): Archive {
    if (others.length > 0) {
      throw new ValidationError(
        `archiveFor needs one rule, because an archive has one event pattern, and the pattern of this route is split into ${others.length + 1}; use fewer or shorter ` +
          'prefixes, set caseSensitiveSuffixes, or add routes',
        this,
      );
    }
    return new Archive(this, 'Archive', {
      sourceEventBus: EventBus.fromEventBusName(this, 'DefaultBus', 'default'),
      eventPattern,
      retention,
      description: `New objects for ${pathOf(this)}`,
    });
  }

  #warnOfLargeObjects({ minSize, maxSize }: RouteFilter): void {
    if (minSize > 1 && maxSize === Infinity) {
      warn(
        this,
        'FileIngestBucket.largeObjects',
        `With minSize, objects above ${EventBridgeLimits.maxComparableNumber} bytes are ignored, because EventBridge does not compare larger numbers; ` +
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
        `Some objects${example === undefined ? '' : `, such as ${JSON.stringify(example)},`} also match ${overlaps.map(({ route }) => route.node.id).join(' and ')} and are ` +
          'delivered by each of these routes; narrow them, or acknowledge this if it is intended',
      );
    }
  }
}

const forEachPrefix = (prefixes: readonly string[], grant: (prefix: string) => Grant): Grant =>
  (prefixes.length === 0 ? [''] : prefixes).map(grant).reduce((all, next) => all.combine(next));
