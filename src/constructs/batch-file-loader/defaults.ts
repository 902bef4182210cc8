import { Duration, Size } from 'aws-cdk-lib';

/** Defaults of a loader, each with its reason. */
export const LoaderDefaults = {
  /** A transaction for a hundred files costs little more than one for a single file. */
  batchSize: 100,
  /** Fills batches at a few files per second, and keeps the delay below a minute at a lower rate. */
  batchingWindow: Duration.seconds(55),
  /** Every concurrent invocation uses one connection; a small PostgreSQL has a hundred for all clients. */
  maxConnections: 10,
  /**
   * A hundred times the duration of a batch of small files, and short enough that the files of a crashed attempt are
   * redelivered within a quarter of an hour.
   */
  timeout: Duration.minutes(2),
  /** 1,769 MiB is a whole vCPU; parsing a full batch needs more than half of one. */
  memorySize: 1_024,
  /** Three attempts distinguish transient failures; permanent failures are not retried. */
  maxReceiveCount: 3,
  /** Parses in a fraction of a second. */
  maxFileSize: Size.mebibytes(8),
  /** Stays below half of the memory with the copies that parsing creates. */
  maxBatchSize: Size.mebibytes(64),
  /** Lambda recommends a visibility timeout of six times the function's timeout plus the batching window. */
  visibilityTimeouts: 6,
} as const;
