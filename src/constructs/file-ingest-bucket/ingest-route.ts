import { Token, type Duration } from 'aws-cdk-lib';
import { Match, Rule, type EventPattern } from 'aws-cdk-lib/aws-events';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ObjectCreatedDetailType, ObjectEventSource } from '../../contract/object-event';
import { EventBridgeLimits } from '../../contract/service-limits';
import { checkSeconds, checkWholeNumber } from '../private/checks';
import { ValidationError } from '../private/validation-error';
import { warn } from '../private/warning';
import { IngestDefaults } from './defaults';
import type { FileIngestBucket } from './file-ingest-bucket';
import type { IngestTarget } from './ingest-target';
import { renderKeyPatterns } from './private/key-filter';

/** Which objects a route takes and where their events go. */
export interface IngestRouteOptions {
  /** Where the events go. */
  readonly target: IngestTarget;

  /**
   * Takes objects whose key starts with one of these, and with no slash before it; case counts.
   *
   * @default - keys of any beginning
   */
  readonly prefixes?: string[];

  /**
   * Takes objects whose key ends with one of these, such as `.zip`.
   *
   * Case does not count, unless `caseSensitiveSuffixes` is set. Together with `prefixes`, EventBridge has no match that ignores
   * case, and the spellings are written out: all of them for a suffix of up to four letters; for a longer one as given, in
   * lower case, in UPPER CASE and Capitalized.
   *
   * @default - keys of any ending
   */
  readonly suffixes?: string[];

  /**
   * Whether a suffix must be spelled as given.
   *
   * @default false
   */
  readonly caseSensitiveSuffixes?: boolean;

  /**
   * Whether to leave out objects of zero bytes, and with them the folder markers that consoles create.
   *
   * @default true
   */
  readonly ignoreEmptyObjects?: boolean;

  /**
   * How long EventBridge tries to deliver an event before it goes to the dead-letter queue, from 1 minute to 24 hours.
   *
   * @default Duration.hours(24)
   */
  readonly maxEventAge?: Duration;

  /**
   * How often EventBridge tries again to deliver an event, from 0 to 185.
   *
   * @default 185
   */
  readonly retryAttempts?: number;

  /**
   * Whether events are delivered. Those that arrive meanwhile are not kept.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * What the rule's description says.
   *
   * @default - the path of the route
   */
  readonly description?: string;
}

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

  readonly #source: FileIngestBucket;
  readonly #prefixes: readonly string[];

  public constructor(scope: Construct, id: string, props: IngestRouteProps) {
    super(scope, id);
    this.#checkProps(props);
    this.#source = props.source;
    this.#prefixes = props.prefixes ?? [];

    this.rule = new Rule(this, 'Rule', {
      description: props.description ?? `New objects for ${this.node.path}`,
      enabled: props.enabled ?? true,
      eventPattern: this.#renderPattern(props),
    });
    this.rule.addTarget(props.target.bind(this, {
      deadLetterQueue: props.source.deadLetterQueue,
      maxEventAge: props.maxEventAge ?? IngestDefaults.maxEventAge,
      retryAttempts: props.retryAttempts ?? IngestDefaults.retryAttempts,
    }));
  }

  /**
   * Lets `grantee` read the objects below the route's prefixes.
   *
   * @param grantee who processes the files
   */
  public grantRead(grantee: IGrantable): Grant {
    const prefixes = this.#prefixes.length === 0 ? [''] : this.#prefixes;
    return prefixes
      .map((prefix) => this.#source.grantRead(grantee, prefix))
      .reduce((all, next) => all.combine(next));
  }

  #checkProps(props: IngestRouteProps): void {
    const { minEventAgeSeconds, maxEventAgeSeconds, maxRetryAttempts } = EventBridgeLimits;
    checkSeconds('maxEventAge', props.maxEventAge, { min: minEventAgeSeconds, max: maxEventAgeSeconds }, this);
    checkWholeNumber('retryAttempts', props.retryAttempts, { min: 0, max: maxRetryAttempts }, this);
    for (const [prop, values] of Object.entries({ prefixes: props.prefixes, suffixes: props.suffixes })) {
      if (values?.length === 0 || values?.includes('')) {
        throw new ValidationError(`${prop} cannot be empty or hold an empty text; leave it out to take every key`, this);
      }
    }
    const rooted = props.prefixes?.find((prefix) => prefix.startsWith('/'));
    if (rooted !== undefined) {
      throw new ValidationError(`prefixes cannot start with a slash, because keys do not, got: ${rooted}; write ${rooted.replace(/^\/+/, '')}`, this);
    }
  }

  #renderPattern(props: IngestRouteProps): EventPattern {
    const key = renderKeyPatterns({
      prefixes: props.prefixes ?? [],
      suffixes: props.suffixes ?? [],
      ignoreCase: !(props.caseSensitiveSuffixes ?? false),
    });
    const object = {
      ...(key && { key }),
      ...((props.ignoreEmptyObjects ?? true) && { size: Match.greaterThan(0) }),
    };
    const pattern: EventPattern = {
      source: [ObjectEventSource],
      detailType: [ObjectCreatedDetailType],
      detail: {
        bucket: { name: [props.source.bucket.bucketName] },
        ...(Object.keys(object).length > 0 && { object }),
      },
    };
    this.#warnOfSize(key);
    return pattern;
  }

  /** A raised quota is nothing that synth can know, so this is not an error. */
  #warnOfSize(key: unknown): void {
    const size = JSON.stringify(key ?? '').length;
    if (size > EventBridgeLimits.maxPatternCharacters && !Token.isUnresolved(key)) {
      warn(
        this,
        'FileIngestBucket.patternSize',
        `The event pattern has more than ${size} characters, and EventBridge takes ${EventBridgeLimits.maxPatternCharacters} unless the quota was raised; `
        + 'split the route, or set caseSensitiveSuffixes',
      );
    }
  }
}
