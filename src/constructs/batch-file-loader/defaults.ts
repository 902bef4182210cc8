import { Duration, Size } from 'aws-cdk-lib';

/** What a loader has where its user chose nothing, each with its reason. */
export const LoaderDefaults = {
  /** A transaction for a hundred files costs little more than one for a single file. */
  batchSize: 100,
  /** Fills batches at a few files a second, and keeps the lag below a minute where there are fewer. */
  batchingWindow: Duration.seconds(55),
  /** Every concurrent invocation has one connection; a small PostgreSQL has a hundred for everybody. */
  maxConnections: 10,
  /**
   * A hundred times what a batch of small files takes, and short enough that a file whose attempt broke off comes back
   * within a quarter of an hour.
   */
  timeout: Duration.minutes(2),
  /** A whole vCPU is at 1,769 MiB; parsing needs more than half of one when a batch is full. */
  memorySize: 1_024,
  /** Three attempts tell a fault that passes from one that does not; what no retry can help does not wait for them. */
  maxReceiveCount: 3,
  /** What parses in a fraction of a second. */
  maxFileSize: Size.mebibytes(8),
  /** With the copies that parsing makes it stays below half of the memory. */
  maxBatchSize: Size.mebibytes(64),
  /** Lambda asks that a queue hides messages for six times the timeout of its function, and the batching window. */
  visibilityTimeouts: 6,
} as const;
