import type { Duration, Size } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
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
   * The beginnings of keys that a run works on; each has its files in `incoming/` below it, and its own end. `sales/`,
   * or the empty text for the whole bucket.
   *
   * They also bound what may be worked on at all: a run can be started for any prefix that begins with one of them.
   */
  readonly prefixes: string[];

  /**
   * What works on a batch. It is allowed to read the files, to put them away and to write its results; grant the
   * construct what else it needs.
   */
  readonly processor: BatchProcessor;

  /**
   * Where a run finds the files of a prefix.
   *
   * @default BatchSource.listing()
   */
  readonly source?: BatchSource;

  /**
   * What becomes of a file when the work on it is done.
   *
   * @default FilingMode.MOVE
   */
  readonly filing?: FilingMode;

  /**
   * The most files in a batch, from 1 to 10,000.
   *
   * @default 100
   */
  readonly maxFilesPerBatch?: number;

  /**
   * The most that the description of a batch, its keys above all, may take: from 1 KiB to 200 KiB. A batch ends before
   * it, however few files it has.
   *
   * @default Size.kibibytes(128)
   */
  readonly maxBatchDescription?: Size;

  /**
   * The most batches of a prefix in work at a time, from 1 to 10,000.
   *
   * @see https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
   * @default 20
   */
  readonly maxConcurrency?: number;

  /**
   * The most prefixes in work at a time, from 1 to 40.
   *
   * @default 5
   */
  readonly maxConcurrentPrefixes?: number;

  /**
   * How often a batch is tried again that failed or was reclaimed by Spot, from 0 to 10. It goes on where it ended.
   *
   * That nobody takes it, because ECS is throttled or has no capacity, does not count: it is offered again for about
   * half a day.
   *
   * @default 2
   */
  readonly retries?: number;

  /**
   * The longest that a batch may take, its retries and waits for capacity included, from 1 minute to 7 days. It has
   * failed then, and its task is stopped.
   *
   * @default Duration.hours(6)
   */
  readonly batchTimeout?: Duration;

  /**
   * The share of a prefix' files that may fail, from 0 to 100, before its event and the run say so. Files of batches
   * that nobody finished count.
   *
   * @default 0
   */
  readonly toleratedFailurePercentage?: number;

  /**
   * The share of a prefix' files, from 0 to 100, that may be in batches which nobody finished before no more batches
   * are begun and those in work are stopped.
   * Files that failed by themselves do not count.
   *
   * @default 50
   */
  readonly abortFailurePercentage?: number;

  /**
   * A function that is called first, with the input of the run, and whose answer becomes the input: to transform what
   * came, or to find out the prefixes. It
   * answers `{ "prefixes": ["sales/"] }`, or anything else for all prefixes.
   *
   * @default - nothing comes first
   */
  readonly preparation?: IFunction;

  /**
   * What a run does that begins while another one is at work.
   *
   * @default RunOverlap.WAIT
   */
  readonly overlap?: RunOverlap;

  /**
   * When a run of all prefixes begins, with its time zone.
   *
   * @default - runs begin by a marker file, or on demand
   */
  readonly schedule?: ScheduleExpression;

  /**
   * Starts a run for a prefix when a marker file lands in `incoming/` below it. The `FileIngestBucket` that stands for
   * `bucket`.
   *
   * @default - runs begin by the schedule, or on demand
   */
  readonly markerSource?: FileIngestBucket;

  /**
   * The name of the marker file. It is no file of a batch, wherever it lies, and stays where it is.
   *
   * @default '_READY'
   */
  readonly markerName?: string;

  /**
   * The bus for the events that tell of the end of a prefix.
   *
   * @default - the default bus of the account
   */
  readonly eventBus?: IEventBus;

  /**
   * The bucket for what is written about runs: batches, results, manifests. In the same region as `bucket`.
   * `resultRetention` is then refused.
   *
   * @default - a new bucket
   */
  readonly resultBucket?: IBucket;

  /**
   * The beginning of the keys of what is written about runs; it ends with a slash.
   *
   * @default 'runs/'
   */
  readonly resultPrefix?: string;

  /**
   * How long that is kept, in whole days.
   *
   * @default Duration.days(30)
   */
  readonly resultRetention?: Duration;

  /**
   * What the alarms do when they ring, such as sending to an SNS topic.
   *
   * @default - alarms ring without telling anyone
   */
  readonly alarmActions?: IAlarmAction[];
}
