import { Rule, type EventPattern } from 'aws-cdk-lib/aws-events';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ObjectCreatedDetailType, ObjectEventSource } from '../../contract/object-event';
import { EventBridgeLimits } from '../../contract/service-limits';
import { checkSeconds, checkWholeNumber } from '../private/checks';
import { warn } from '../private/warning';
import { IngestDefaults } from './defaults';
import type { FileIngestBucket } from './file-ingest-bucket';
import type { IngestRouteOptions } from './ingest-route-options';
import { createRouteFilter, renderDetail } from './private/route-filter';
import { overlaps, type RouteFilter } from './private/route-overlap';

/** Properties of `IngestRoute`. */
export interface IngestRouteProps extends IngestRouteOptions {
  /** The bucket whose objects the route is about. */
  readonly source: FileIngestBucket;
}

/**
 * The way of some of a bucket's new objects to one target; made by `FileIngestBucket.addRoute`.
 *
 * An EventBridge rule with a retry policy and the bucket's dead-letter queue. Delivery is at least once and in no order.
 */
export class IngestRoute extends Construct {
  /** The rule that matches the events. */
  public readonly rule: Rule;

  /** The queue that the events go to; undefined for a target that is no queue. */
  public readonly queue?: IQueue;

  readonly #source: FileIngestBucket;
  readonly #filter: RouteFilter;

  public constructor(scope: Construct, id: string, props: IngestRouteProps) {
    super(scope, id);
    const { minEventAgeSeconds, maxEventAgeSeconds, maxRetryAttempts } = EventBridgeLimits;
    checkSeconds('maxEventAge', props.maxEventAge, { min: minEventAgeSeconds, max: maxEventAgeSeconds }, this);
    checkWholeNumber('retryAttempts', props.retryAttempts, { min: 0, max: maxRetryAttempts }, this);
    this.#source = props.source;
    this.#filter = createRouteFilter(this, props);
    this.#warnOfOverlaps();
    this.#warnOfLargeObjects();

    this.rule = new Rule(this, 'Rule', {
      description: props.description ?? `New objects for ${this.node.path}`,
      enabled: props.enabled ?? true,
      eventPattern: this.#renderPattern(),
    });
    const target = props.target.bind(this, {
      deadLetterQueue: props.source.deadLetterQueue,
      maxEventAge: props.maxEventAge ?? IngestDefaults.maxEventAge,
      retryAttempts: props.retryAttempts ?? IngestDefaults.retryAttempts,
    });
    this.rule.addTarget(target.ruleTarget);
    this.queue = target.queue;
  }

  /**
   * Lets `grantee` read the objects that the route is about: those below its prefixes or, when it has none, all.
   *
   * @param grantee who processes the files
   */
  public grantRead(grantee: IGrantable): Grant {
    const { prefixes } = this.#filter.key;
    return (prefixes.length === 0 ? [''] : prefixes)
      .map((prefix) => this.#source.grantRead(grantee, prefix))
      .reduce((all, next) => all.combine(next));
  }

  #renderPattern(): EventPattern {
    const detail = {
      bucket: { name: [this.#source.bucket.bucketName] },
      ...renderDetail(this.#filter),
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

  #warnOfLargeObjects(): void {
    const { minSize, maxSize } = this.#filter;
    if (minSize > 1 && maxSize === Infinity) {
      warn(
        this,
        'FileIngestBucket.largeObjects',
        `With minSize, objects above ${EventBridgeLimits.maxComparableNumber} bytes start nothing, because EventBridge does not compare larger numbers; `
        + 'acknowledge this if there are none',
      );
    }
  }

  #warnOfOverlaps(): void {
    for (const other of this.node.scope?.node.children ?? []) {
      if (other instanceof IngestRoute && other !== this && other.#source === this.#source && overlaps(this.#filter, other.#filter)) {
        warn(
          this,
          'FileIngestBucket.overlappingRoutes',
          `Some objects fit ${other.node.id} too and are delivered by both routes; narrow one of them, or acknowledge this if it is what you want`,
        );
      }
    }
  }
}
