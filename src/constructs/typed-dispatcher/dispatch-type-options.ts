import type { Duration, Size } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { DispatchTarget } from './dispatch-target';
import type { FileOrder, LateFile, OnExhausted, OverwritePolicy } from './file-order';
import type { TypeConcurrency } from './type-concurrency';

/**
 * A type of files: how they match, what they start, how many at a time and in which order.
 *
 * A file must meet every condition that is set, and at least one must be set.
 */
export interface DispatchTypeOptions {
  /**
   * Patterns of whole keys, of which one must match; case-sensitive. `*` stands for any characters except `/`, `**` for
   * any characters, and `{name}` for a part of the key without `/` that other options can reference; `\*`, `\{`, `\}`
   * and `\\` stand for the characters themselves. Cannot be combined with `prefixes` and `suffixes`.
   *
   * @default - all keys
   * @example
   * ['incoming/{customer}/*.csv', 'incoming/{customer}/*.CSV']
   */
  readonly keys?: string[];

  /**
   * Key prefixes, of which one must match; case-sensitive.
   *
   * @default - keys with any prefix
   */
  readonly prefixes?: string[];

  /**
   * Key suffixes, such as `.csv`, of which one must match; case-insensitive.
   *
   * @default - keys with any suffix
   */
  readonly suffixes?: string[];

  /**
   * Minimum size of a file, at most `maxSize`.
   *
   * @default - any
   */
  readonly minSize?: Size;

  /**
   * Maximum size of a file, at least `minSize`.
   *
   * @default - any
   */
  readonly maxSize?: Size;

  /**
   * Content types, of which the object must have one, such as `text/csv` or `image/*`. Parameters and case are ignored.
   *
   * Sends a request to S3 for each file that meets the conditions on key and size, for which the ingress function gets
   * read access to the objects of every source.
   *
   * @default - objects of any content type
   */
  readonly contentTypes?: string[];

  /**
   * User metadata that the object must have, without `x-amz-meta-`. Names are case-insensitive.
   *
   * Sends the same request to S3 as `contentTypes`, once for both.
   *
   * @default - objects with any metadata
   */
  readonly metadata?: { [name: string]: string };

  /**
   * Tags that the object must have when it is registered.
   *
   * Sends a request to S3 for each file that meets the previous conditions, for which the ingress function gets access
   * to the tags of the objects of every source.
   *
   * @default - objects with any tags
   */
  readonly tags?: { [name: string]: string };

  /**
   * A function that decides about files that meet all other conditions.
   *
   * It is invoked with `{"type", "correlationId", "time", "object": {"bucket", "key", "size", "etag", "versionId"}}`
   * and returns `{"match": false}`, or `{"match": true, "parts": {"customer": "c-17"}}` with parts that `concurrency`
   * and `order` reference. It MUST return the same for the same file, within half a minute. If it fails, the event is
   * retried, and then goes to the dead-letter queue.
   *
   * @default - none
   */
  readonly matchFunction?: IFunction;

  /** The target that a file starts. */
  readonly target: DispatchTarget;

  /** How many files may run at the same time. */
  readonly concurrency: TypeConcurrency;

  /**
   * Maximum number of files of the type with a task at the same time, over all its sequences, from 1 to 1,000. A file
   * that waits for its next attempt counts, a blocked one does not. Only with `TypeConcurrency.sequentialPer`; the
   * other choices set it themselves.
   *
   * @default - only the limit of the dispatcher
   */
  readonly maxConcurrentTasks?: number;

  /**
   * Order of the files of a sequence. Only for sequential types.
   *
   * @default FileOrder.byEvent()
   */
  readonly order?: FileOrder;

  /**
   * How long a file waits after its event for earlier files that may still arrive, from 0 seconds to 7 days.
   *
   * @default Duration.seconds(0)
   */
  readonly settle?: Duration;

  /**
   * What happens to a file that arrives too late for its place. Only for sequential types.
   *
   * @default LateFile.RUN_NEXT
   */
  readonly lateFile?: LateFile;

  /**
   * What happens to an object that is overwritten or deleted before its turn.
   *
   * @default - OverwritePolicy.EACH for objects with a version, OverwritePolicy.LATEST for others
   */
  readonly overwrite?: OverwritePolicy;

  /**
   * Maximum number of attempts that reach a container, from 1 to 100. Refused launches and Spot interruptions do not
   * count.
   *
   * @default 3
   */
  readonly maxAttempts?: number;

  /**
   * Delay before the second attempt, which doubles with each further attempt. From 1 second to 1 day.
   *
   * @default Duration.seconds(30)
   */
  readonly retryDelay?: Duration;

  /**
   * Maximum delay between two attempts, from 1 second to 1 day.
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
   * How long a worker may send no heartbeat before its task is stopped, from 1 minute to 1 day; a worker of a queue is
   * then considered dead. `runFileTask` and `fileTaskHandler` send heartbeats four times as often. An execution of a
   * state machine is checked at this interval, in case the event of its end is lost.
   *
   * A task whose containers run and that does not begin its file is stopped after the same time, but not earlier than
   * 15 minutes after its launch.
   *
   * @default Duration.minutes(15)
   */
  readonly hangTimeout?: Duration;

  /**
   * How long a worker may run before its task or execution is stopped, from 1 minute to 365 days. The attempt counts.
   *
   * @default Duration.hours(24)
   */
  readonly maxRuntime?: Duration;

  /**
   * How long interruptions may delay a file, from 1 hour to 365 days. Interruptions, such as those by Spot or by the
   * drain of a worker, use up no attempt. When this time has passed since the first one, another one blocks the file,
   * whatever `onExhausted` is. An attempt that counts begins the time again.
   *
   * @default Duration.days(3)
   */
  readonly maxInterruption?: Duration;
}
