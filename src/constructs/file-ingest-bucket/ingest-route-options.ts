import type { Duration, Size } from 'aws-cdk-lib';
import type { Delivery } from './delivery';
import type { IngestTarget } from './ingest-target';

/** The call that made an object. */
export enum IngestReason {
  /** An upload in one request. */
  PUT_OBJECT = 'PutObject',
  /** An upload by an HTML form. */
  POST_OBJECT = 'POST Object',
  /** A copy within S3. */
  COPY_OBJECT = 'CopyObject',
  /** The end of an upload in parts. */
  COMPLETE_MULTIPART_UPLOAD = 'CompleteMultipartUpload',
}

/** Which objects a route takes and where their events go. An object must meet every condition that is given. */
export interface IngestRouteOptions {
  /** Where the events go. */
  readonly target: IngestTarget;

  /**
   * How the news of an object gets to the target.
   *
   * @default Delivery.eventBridge()
   */
  readonly delivery?: Delivery;

  /**
   * Takes objects whose key starts with one of these, and with no slash before it; case counts.
   *
   * @default - keys of any beginning
   */
  readonly prefixes?: string[];

  /**
   * Takes objects whose key ends with one of these, such as `.zip`.
   *
   * Case does not count, unless `caseSensitiveSuffixes` is set. Together with `prefixes`, EventBridge has no match that
   * ignores
   * case, and the spellings are written out: all of them for a suffix of up to four letters; for a longer one as given,
   * in
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
   * Takes objects whose key fits one of these wildcard patterns, in which `*` stands for any text, slashes too, and
   * `\*` for a
   * star; case counts. In place of `prefixes` and `suffixes`.
   *
   * @default - keys of any form
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-wildcard-matching
   */
  readonly keyPatterns?: string[];

  /**
   * Takes every object but those whose key fits one of these wildcard patterns.
   *
   * It cannot be combined with `prefixes`, `suffixes` or `keyPatterns`: EventBridge takes the conditions on a key as
   * alternatives.
   *
   * @default - nothing is left out
   */
  readonly excludeKeyPatterns?: string[];

  /**
   * Whether to leave out objects of zero bytes, and with them the folder markers that consoles create.
   *
   * @default true
   */
  readonly ignoreEmptyObjects?: boolean;

  /**
   * Takes objects of at least this size, up to 5,000,000,000 bytes.
   *
   * EventBridge compares numbers only up to 5,000,000,000, so with `minSize` an object above that is not taken.
   *
   * @default - objects of any size that are not empty
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#filtering-numeric-matching
   */
  readonly minSize?: Size;

  /**
   * Takes objects of at most this size, up to 5,000,000,000 bytes.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#filtering-numeric-matching
   * @default - objects of any size that are not empty
   */
  readonly maxSize?: Size;

  /**
   * Takes objects that were made by one of these calls.
   *
   * @default - objects made in any way
   */
  readonly reasons?: IngestReason[];

  /**
   * How long EventBridge tries to deliver an event before it goes to the dead-letter queue, from 1 minute to 24 hours.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html
   * @default Duration.hours(24)
   */
  readonly maxEventAge?: Duration;

  /**
   * How often EventBridge tries again to deliver an event, from 0 to 185.
   *
   * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html
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
   * How long EventBridge keeps the route's events, so that they can be delivered again by a replay: whole days, 1 or
   * more.
   *
   * @default - events are not kept
   * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
   */
  readonly archiveFor?: Duration;

  /**
   * What the rule's description says.
   *
   * @default - the path of the route
   */
  readonly description?: string;
}
