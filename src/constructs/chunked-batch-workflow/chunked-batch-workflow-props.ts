import type { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { FileIngestBucket } from '../file-ingest-bucket';
import type { FilingMode, RunOverlap } from './batch-enums';
import type { BatchProcessor } from './batch-processor';
import type { BatchSource } from './batch-source';

/** Properties of `ChunkedBatchWorkflow`. */
export interface ChunkedBatchWorkflowProps {
  /** The bucket of the files. */
  readonly bucket: IBucket;

  /**
   * The key prefixes that a run processes; each has its files in `incoming/` below it, and completes on its own. For
   * example `sales/`, or the empty string for the whole bucket.
   *
   * They also limit what may be processed: a run can be started for any prefix that starts with one of them.
   */
  readonly prefixes: string[];

  /**
   * The processor of a batch. It may read the files, move or tag them, and write its results; grant further permissions
   * to the construct.
   */
  readonly processor: BatchProcessor;

  /**
   * How a run finds the files of a prefix.
   *
   * @default BatchSource.listing()
   */
  readonly source?: BatchSource;

  /**
   * What happens to a file after it was processed.
   *
   * @default FilingMode.MOVE
   */
  readonly filing?: FilingMode;

  /**
   * Maximum files in a batch, from 1 to 10,000.
   *
   * @default 100
   */
  readonly maxFilesPerBatch?: number;

  /**
   * Maximum size of a batch's description, mainly its keys, from 1 KiB to 200 KiB. It limits a batch regardless of its
   * number of files.
   *
   * @default Size.kibibytes(128)
   */
  readonly maxBatchDescription?: Size;

  /**
   * Maximum concurrent batches of a prefix, from 1 to 10,000.
   *
   * @see https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
   * @default 20
   */
  readonly maxConcurrency?: number;

  /**
   * Maximum concurrent prefixes, from 1 to 40.
   *
   * @default 5
   */
  readonly maxConcurrentPrefixes?: number;

  /**
   * How many times a batch is retried after a failure or a Spot interruption, from 0 to 10. It continues where it
   * ended.
   *
   * Launches that ECS or Lambda refuses, and batches for which a dependency is unavailable, do not count: see
   * `maxDependencyWait`.
   *
   * @default 2
   */
  readonly retries?: number;

  /**
   * How long a batch waits for a dependency, ECS or Lambda to become available again, from 1 minute to 7 days, without
   * using up a retry. After that, it fails. The jobs of a worker wait for as long as its queue retains messages.
   *
   * A dependency is unavailable when the task exits with `BatchExitCode.unavailable`, or the function throws
   * `DependencyUnavailable`, as `runBatch` and `batchFunction` of fileworks-runtime do, or cannot read its secrets;
   * ECS or Lambda, when it denies or throttles a call or has no capacity.
   *
   * The history of an execution limits the time.
   *
   * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
   * @default Duration.days(7)
   */
  readonly maxDependencyWait?: Duration;

  /**
   * Maximum duration of a batch, including its retries, from 1 minute to 7 days, without the waits for a dependency; of
   * a function, that of one invocation. After that it fails, and its task is stopped.
   *
   * @default Duration.hours(6)
   */
  readonly batchTimeout?: Duration;

  /**
   * Percentage of a prefix's files that may fail, from 0 to 100, before its event and the run report a failure. Files
   * of unfinished batches count as failed.
   *
   * @default 0
   */
  readonly toleratedFailurePercentage?: number;

  /**
   * Percentage of a prefix's files that may be in failed batches, from 0 to 100, before no further batches start and
   * running ones are stopped. Files that failed individually do not count.
   *
   * @default 50
   */
  readonly abortFailurePercentage?: number;

  /**
   * A function that is invoked first with the input of the run, and whose result replaces the input: to transform it,
   * or to determine the prefixes. It returns `{ "prefixes": ["sales/"] }`, or anything else for all prefixes.
   *
   * @default - none
   */
  readonly preparation?: IFunction;

  /**
   * What a run does that starts while another one is running.
   *
   * @default RunOverlap.WAIT
   */
  readonly overlap?: RunOverlap;

  /**
   * The schedule for runs of all prefixes, with its time zone.
   *
   * @default - runs start with a marker file or on demand
   */
  readonly schedule?: ScheduleExpression;

  /**
   * How long no run may have started before `missedAlarm` is in ALARM, from 1 hour to 7 days in whole hours, or
   * `Duration.hours(0)` for no such alarm. Only with `schedule`.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
   * @default - twice the rate of `schedule`, or the longest time between two runs of its cron expression and an
   * hour, in whole hours. No such alarm for days such as `L`, `15W` or `2#1`, or if it would be more than 7 days
   */
  readonly alarmMissedFor?: Duration;

  /**
   * Starts a run for a prefix when a marker file is put into `incoming/` below it. The `FileIngestBucket` of `bucket`.
   *
   * @default - runs start with the schedule or on demand
   */
  readonly markerSource?: FileIngestBucket;

  /**
   * The name of the marker file. It is never part of a batch, and is not moved.
   *
   * @default '_READY'
   */
  readonly markerName?: string;

  /**
   * The event bus for the events of completed prefixes.
   *
   * @default - the default bus of the account
   */
  readonly eventBus?: IEventBus;

  /**
   * The bucket for the records of runs: batches, results, manifests. It must be in the region of `bucket`.
   * `resultRetention` is then refused.
   *
   * @default - a new bucket
   */
  readonly resultBucket?: IBucket;

  /**
   * Key prefix of the records of runs; it ends with a slash.
   *
   * @default 'runs/'
   */
  readonly resultPrefix?: string;

  /**
   * How long the records of runs are kept, in whole days.
   *
   * @default Duration.days(30)
   */
  readonly resultRetention?: Duration;

  /**
   * The removal policy of the dead-letter queue. A retained queue keeps its messages when the stack is deleted. Only
   * with `schedule`.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
