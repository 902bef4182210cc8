import type { Duration, Size } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { DispatchTarget } from './dispatch-target';
import type { FileOrder, LateFile, OnExhausted, OverwritePolicy } from './file-order';
import type { TypeConcurrency } from './type-concurrency';

/**
 * One type of files: how they are recognised, what they start, how many at a time and in which order.
 *
 * A file must meet every condition that is given, and at least one must be.
 */
export interface DispatchTypeOptions {
  /**
   * Patterns of whole keys, of which one must match; case counts. `*` stands for any characters but `/`, `**` for any
   * characters, and
   * `{name}` for a part of the key without `/` that other options can refer to. In place of `prefixes` and `suffixes`.
   *
   * @default - keys of any form
   * @example
   * ['incoming/{customer}/*.csv', 'incoming/{customer}/*.CSV']
   */
  readonly keys?: string[];

  /**
   * Beginnings of keys, of which one must match; case counts.
   *
   * @default - keys of any beginning
   */
  readonly prefixes?: string[];

  /**
   * Ends of keys, such as `.csv`, of which one must match. Case does not count.
   *
   * @default - keys of any ending
   */
  readonly suffixes?: string[];

  /**
   * Smallest size of a file, at most `maxSize`.
   *
   * @default - any
   */
  readonly minSize?: Size;

  /**
   * Largest size of a file, at least `minSize`.
   *
   * @default - any
   */
  readonly maxSize?: Size;

  /**
   * Content types, of which the object must have one, such as `text/csv` or `image/*`. Parameters and case do not
   * count.
   *
   * Asks S3 for each file that meets the conditions on key and size: the function that registers files may then read
   * the objects of
   * every source.
   *
   * @default - objects of any content type
   */
  readonly contentTypes?: string[];

  /**
   * User metadata that the object must have, without `x-amz-meta-`. The case of names does not count.
   *
   * Asks S3 as `contentTypes` does, once for both.
   *
   * @default - objects with any metadata
   */
  readonly metadata?: { [name: string]: string };

  /**
   * Tags that the object must have when it is registered.
   *
   * Asks S3 for each file that meets the conditions before: the function that registers files may then read the tags of
   * the objects of
   * every source.
   *
   * @default - objects with any tags
   */
  readonly tags?: { [name: string]: string };

  /**
   * A function that has the last word on files that meet all other conditions.
   *
   * It is invoked with `{"type", "correlationId", "time", "object": {"bucket", "key", "size", "etag", "versionId"}}`
   * and answers
   * `{"match": false}`, or `{"match": true, "parts": {"customer": "c-17"}}` with parts that `concurrency` and `order`
   * refer to. It MUST
   * answer the same for the same file, and within half a minute. Files on which it fails are tried again, then go to
   * the dead-letter queue.
   *
   * @default - none
   */
  readonly matchFunction?: IFunction;

  /** What a file starts. */
  readonly target: DispatchTarget;

  /** How many files may work at the same time. */
  readonly concurrency: TypeConcurrency;

  /**
   * Files of the type that may hold a task at the same time, over all its sequences, from 1 to 1,000. One that waits
   * for its next attempt
   * counts, one that is blocked does not. Only with `TypeConcurrency.sequentialPer`; the others say it themselves.
   *
   * @default - no limit but that of the dispatcher
   */
  readonly maxConcurrentTasks?: number;

  /**
   * Order of the files of a sequence. Only for sequential types.
   *
   * @default FileOrder.byEvent()
   */
  readonly order?: FileOrder;

  /**
   * How long a file waits after its event for earlier ones that may still come, from 0 seconds to 7 days.
   *
   * @default Duration.seconds(0)
   */
  readonly settle?: Duration;

  /**
   * What becomes of a file that comes too late for its place. Only for sequential types.
   *
   * @default LateFile.RUN_NEXT
   */
  readonly lateFile?: LateFile;

  /**
   * What becomes of an object that is overwritten or deleted before its turn.
   *
   * @default - OverwritePolicy.EACH for objects with a version, OverwritePolicy.LATEST for others
   */
  readonly overwrite?: OverwritePolicy;

  /**
   * Attempts that reach a container, from 1 to 100. Launches that ECS refuses and tasks that Spot reclaims do not
   * count.
   *
   * @default 3
   */
  readonly maxAttempts?: number;

  /**
   * Wait before the second attempt; it doubles with each further one. From 1 second to 1 day.
   *
   * @default Duration.seconds(30)
   */
  readonly retryDelay?: Duration;

  /**
   * Longest wait between two attempts, from 1 second to 1 day.
   *
   * @default Duration.minutes(15)
   */
  readonly maxRetryDelay?: Duration;

  /**
   * What happens after the last attempt.
   *
   * @default - OnExhausted.BLOCK for sequential types, OnExhausted.PARK for parallel ones
   */
  readonly onExhausted?: OnExhausted;

  /**
   * How long a worker may be silent before its task is stopped, from 1 minute to 1 day; a worker of a queue is taken
   * for dead then.
   * `runFileTask` and `fileTaskHandler` beat four times as often. An execution of a state machine is asked after so
   * often, should its end
   * not be told.
   *
   * @default Duration.minutes(15)
   */
  readonly hangTimeout?: Duration;

  /**
   * How long a worker may work before its task or execution is stopped, from 1 minute to 365 days.
   *
   * @default Duration.hours(24)
   */
  readonly maxRuntime?: Duration;
}
