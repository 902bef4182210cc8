import { Duration, Size } from 'aws-cdk-lib';
import { MAX_DEPENDENCY_WAIT } from '../fargate-run';

/** Defaults of `ChunkedBatchWorkflow`, each with its reason. */
export const BatchDefaults = {
  /**
   * A task then runs for minutes, compared to half a minute for its start, and a failed batch leaves no more files
   * unprocessed.
   */
  maxFilesPerBatch: 100,
  /** Half of the payload limit of Step Functions, with room for the longest keys. */
  maxBatchDescription: Size.kibibytes(128),
  /** Well below the Fargate quota of a new account, and fast enough for 100,000 files in a night. */
  maxConcurrency: 20,
  /** With 20 batches each, at most 100 concurrent tasks. */
  maxConcurrentPrefixes: 5,
  /** Two for transient failures, such as a Spot interruption; a batch that fails three times will fail again. */
  retries: 2,
  /** A night: a hanging batch is stopped before the next run. */
  batchTimeout: Duration.hours(6),
  /** As long as the history of an execution has room. */
  maxDependencyWait: MAX_DEPENDENCY_WAIT,
  /** An operator should look at a run with a single failed file. */
  toleratedFailurePercentage: 0,
  /**
   * If half of all files are in failed batches, the image is probably broken, and more batches would only cost money.
   */
  abortFailurePercentage: 50,
  /** A common name for such a file. */
  markerName: '_READY',
  resultPrefix: 'runs/',
  /** Time to investigate a run of the last month. */
  resultRetention: Duration.days(30),
  /** How long a run waits before it checks again for other runs. */
  overlapInterval: Duration.minutes(1),
  /** Results of some thousand batches are read in seconds; for hundreds of thousands, the maximum of Lambda. */
  finishTimeout: Duration.minutes(15),
  /** Memory for the reasons of 100,000 failed files. */
  finishMemoryMiB: 1_024,
} as const;

/** Name of the Distributed Map, which follows the name of the machine in the ARN of a batch's execution. */
export const BATCH_MAP_LABEL = 'Files';

/** The folders below a prefix. */
export const BatchFolder = { incoming: 'incoming/', processed: 'processed/', failed: 'failed/' } as const;
