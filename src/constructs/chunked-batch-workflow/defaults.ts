import { Duration, Size } from 'aws-cdk-lib';

/** What `ChunkedBatchWorkflow` chooses where its user did not, each with its reason. */
export const BatchDefaults = {
  /**
   * A task lives for minutes, of which it takes half of one to start, and a batch that fails leaves no more files
   * behind.
   */
  maxFilesPerBatch: 100,
  /** Half of what Step Functions lets an execution have: as many of the longest keys as fit. */
  maxBatchDescription: Size.kibibytes(128),
  /** Well below the Fargate quota of a new account, and fast enough for 100,000 files in a night. */
  maxConcurrency: 20,
  /** With 20 batches each, 100 tasks at a time at most. */
  maxConcurrentPrefixes: 5,
  /** Two for trouble that passes, such as a Spot reclaim; what fails three times will fail again. */
  retries: 2,
  /** A night; what hangs is stopped before the next one. */
  batchTimeout: Duration.hours(6),
  /** A run with a single file that failed is one that somebody should look at. */
  toleratedFailurePercentage: 0,
  /** When half of all files are in batches that failed, the image is wrong, and more of the same is only paid for. */
  abortFailurePercentage: 50,
  /** The name that others have for it. */
  markerName: '_READY',
  resultPrefix: 'runs/',
  /** Time to look into a run of last month. */
  resultRetention: Duration.days(30),
  /** How long a run waits before it looks again whether it is alone. */
  overlapInterval: Duration.minutes(1),
  /** Results of some thousand batches are read in seconds; Lambda has no more for hundreds of thousands. */
  finishTimeout: Duration.minutes(15),
  /** Room for the reasons of 100,000 files that failed. */
  finishMemoryMiB: 1_024,
} as const;

/** Name of the Distributed Map, which stands behind that of the machine where an execution of a batch is meant. */
export const BATCH_MAP_LABEL = 'Files';

/** The folders below a prefix. */
export const BatchFolder = { incoming: 'incoming/', processed: 'processed/', failed: 'failed/' } as const;
