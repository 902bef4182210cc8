import type { Duration, Size } from 'aws-cdk-lib';
import type { Delivery } from './delivery';
import type { IngestTarget } from './ingest-target';

/** The S3 operation that created an object. */
export enum IngestReason {
  /** A single-request upload. */
  PUT_OBJECT = 'PutObject',
  /** An upload by an HTML form. */
  POST_OBJECT = 'POST Object',
  /** A copy within S3. */
  COPY_OBJECT = 'CopyObject',
  /** The completion of a multipart upload. */
  COMPLETE_MULTIPART_UPLOAD = 'CompleteMultipartUpload',
}

/** Conditions and target of a route. An object must meet every condition that is set. */
export interface IngestRouteOptions {
  /** The target of the events. */
  readonly target: IngestTarget;

  /**
   * How events reach the target.
   *
   * @default Delivery.eventBridge()
   */
  readonly delivery?: Delivery;

  /**
   * Matches objects whose key starts with one of these prefixes, without a leading slash; case-sensitive.
   *
   * @default - keys with any prefix
   */
  readonly prefixes?: string[];

  /**
   * Matches objects whose key ends with one of these suffixes, such as `.zip`.
   *
   * Case-insensitive, unless `caseSensitiveSuffixes` is set. In combination with `prefixes`, EventBridge has no
   * case-insensitive match, so the pattern lists the spellings: all of them for a suffix of up to four letters; for a
   * longer one as given, in lower case, in UPPER CASE and Capitalized. The pattern then has wildcards, and an event bus
   * accepts 30 rules with wildcards.
   *
   * @default - keys with any suffix
   */
  readonly suffixes?: string[];

  /**
   * Whether suffixes are case-sensitive.
   *
   * @default false
   */
  readonly caseSensitiveSuffixes?: boolean;

  /**
   * Matches objects whose key matches one of these wildcard patterns, in which `*` stands for any text, including
   * slashes, `\*` for an asterisk and `\\` for a backslash; case-sensitive. Cannot be combined with `prefixes` and
   * `suffixes`.
   *
   * @default - all keys
   * @see
   * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-wildcard-matching
   */
  readonly keyPatterns?: string[];

  /**
   * Matches every object except those whose key matches one of these wildcard patterns.
   *
   * Cannot be combined with `prefixes`, `suffixes` or `keyPatterns`: EventBridge treats the conditions on a key as
   * alternatives.
   *
   * @default - no exclusion
   */
  readonly excludeKeyPatterns?: string[];

  /**
   * Whether to ignore objects of zero bytes, including the folder markers that consoles create.
   *
   * @default true
   */
  readonly ignoreEmptyObjects?: boolean;

  /**
   * Minimum size of objects, up to 5,000,000,000 bytes.
   *
   * EventBridge compares numbers only up to 5,000,000,000, so with `minSize` larger objects do not match.
   *
   * @default - objects of any size except empty ones
   * @see
   * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#filtering-numeric-matching
   */
  readonly minSize?: Size;

  /**
   * Maximum size of objects, up to 5,000,000,000 bytes.
   *
   * @see
   * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#filtering-numeric-matching
   * @default - objects of any size except empty ones
   */
  readonly maxSize?: Size;

  /**
   * Matches objects that were created by one of these operations.
   *
   * @default - all operations
   */
  readonly reasons?: IngestReason[];

  /**
   * Whether the target may store results whose keys match this route.
   *
   * Each such result starts work again, whose result starts work again: an endless loop, whose tasks and requests you
   * pay for. Without this prop, synth fails if the reader of the route's objects may store results below a prefix that
   * the route matches, also through other routes. Set it only if results never match, for example because they have
   * another suffix, or if the recursion ends by itself, as with archives inside of archives.
   *
   * @default false
   */
  readonly allowRecursion?: boolean;

  /**
   * How long EventBridge tries to deliver an event before it sends the event to the dead-letter queue, from 1 minute to
   * 24 hours.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html
   * @default Duration.hours(24)
   */
  readonly maxEventAge?: Duration;

  /**
   * How many times EventBridge retries the delivery of an event, from 0 to 185.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html
   * @default 185
   */
  readonly retryAttempts?: number;

  /**
   * Whether events are delivered. Events that occur while this is false are lost.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * How long EventBridge archives the route's events for replays: whole days, 1 or more. The conditions of the route
   * must fit into one event pattern of 2,048 characters.
   *
   * @default - no archive
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
   */
  readonly archiveFor?: Duration;

  /**
   * The description of the rule.
   *
   * @default - the path of the route
   */
  readonly description?: string;
}
