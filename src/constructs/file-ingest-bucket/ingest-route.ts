import { Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, type EventPattern } from 'aws-cdk-lib/aws-events';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ObjectCreatedDetailType, ObjectEventSource } from '../../contract/object-event';
import { EventBridgeLimits } from '../../contract/service-limits';
import { checkSeconds, checkWholeNumber } from '../private/checks';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { warn } from '../private/warning';
import { IngestDefaults } from './defaults';
import type { FileIngestBucket } from './file-ingest-bucket';
import type { IngestRouteOptions } from './ingest-route-options';
import { createRouteFilter, renderDetail } from './private/route-filter';
import type { RouteFilter } from './private/route-overlap';
import { registerRoute } from './private/route-registry';

/** Properties of `IngestRoute`. */
export interface IngestRouteProps extends IngestRouteOptions {
  /** The bucket whose objects the route is about. */
  readonly source: FileIngestBucket;

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
 * `FileIngestBucket.addRoute` creates it in the bucket's stack. When the target is of another stack, create the route there: rule, queue and
 * permissions name one another, and only the bucket's stack can be without knowledge of the others. The route then has a dead-letter
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
export class IngestRoute extends Construct {
  /** The rule that matches the events. */
  public readonly rule: Rule;

  /** Where events go that could not be delivered: the bucket's dead-letter queue, or one of the route's own in another stack. */
  public readonly deadLetterQueue: IQueue;

  /** The queue that the events go to; undefined for a target that is no queue. */
  public readonly queue?: IQueue;

  readonly #source: FileIngestBucket;
  readonly #prefixes: readonly string[];

  public constructor(scope: Construct, id: string, props: IngestRouteProps) {
    super(scope, id);
    const { minEventAgeSeconds, maxEventAgeSeconds, maxRetryAttempts } = EventBridgeLimits;
    checkSeconds('maxEventAge', props.maxEventAge, { min: minEventAgeSeconds, max: maxEventAgeSeconds }, this);
    checkWholeNumber('retryAttempts', props.retryAttempts, { min: 0, max: maxRetryAttempts }, this);
    this.#source = props.source;
    const filter = createRouteFilter(this, props);
    this.#prefixes = filter.key.prefixes;
    this.#warnOfOverlaps(registerRoute(props.source, this, filter));
    this.#warnOfLargeObjects(filter);
    this.deadLetterQueue = Stack.of(this) === Stack.of(props.source)
      ? props.source.deadLetterQueue
      : createUndeliveredEvents(new Construct(this, 'Undelivered'), {
        description: `Events of new objects for ${this.node.path} could not be delivered and wait in its dead-letter queue`,
        alarmActions: props.alarmActions,
      }).deadLetterQueue;

    this.rule = new Rule(this, 'Rule', {
      description: props.description ?? `New objects for ${this.node.path}`,
      enabled: props.enabled ?? true,
      eventPattern: this.#renderPattern(filter),
    });
    const target = props.target.bind(this, {
      deadLetterQueue: this.deadLetterQueue,
      maxEventAge: props.maxEventAge ?? IngestDefaults.maxEventAge,
      retryAttempts: props.retryAttempts ?? IngestDefaults.retryAttempts,
    });
    this.rule.addTarget(target.ruleTarget);
    this.rule.addTarget(target.companion);
    this.queue = target.queue;
  }

  /**
   * Lets `grantee` read the objects that the route is about: those below its prefixes or, when it has none, all.
   *
   * @param grantee who processes the files
   */
  public grantRead(grantee: IGrantable): Grant {
    return (this.#prefixes.length === 0 ? [''] : this.#prefixes)
      .map((prefix) => this.#source.grantRead(grantee, prefix))
      .reduce((all, next) => all.combine(next));
  }

  #renderPattern(filter: RouteFilter): EventPattern {
    const detail = {
      bucket: { name: [this.#source.bucket.bucketName] },
      ...renderDetail(filter),
    };
    this.#warnOfSize(JSON.stringify(detail).length);
    return { source: [ObjectEventSource], detailType: [ObjectCreatedDetailType], detail };
  }

  /** A raised quota is nothing that synth can know, so this is not an error. */
  #warnOfSize(characters: number): void {
    if (characters > EventBridgeLimits.maxPatternCharacters) {
      warn(
        this,
        'FileIngestBucket.patternSize',
        `The event pattern has about ${characters} characters, and EventBridge takes ${EventBridgeLimits.maxPatternCharacters} unless the quota was raised; `
        + 'split the route, or set caseSensitiveSuffixes',
      );
    }
  }

  #warnOfLargeObjects({ minSize, maxSize }: RouteFilter): void {
    if (minSize > 1 && maxSize === Infinity) {
      warn(
        this,
        'FileIngestBucket.largeObjects',
        `With minSize, objects above ${EventBridgeLimits.maxComparableNumber} bytes start nothing, because EventBridge does not compare larger numbers; `
        + 'acknowledge this if there are none',
      );
    }
  }

  #warnOfOverlaps(others: readonly IngestRoute[]): void {
    if (others.length > 0) {
      warn(
        this,
        'FileIngestBucket.overlappingRoutes',
        `Some objects fit ${others.map(({ node }) => node.id).join(' and ')} too and are delivered by each of these routes; narrow them, `
        + 'or acknowledge this if it is what you want',
      );
    }
  }
}
