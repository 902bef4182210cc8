/**
 * What `ChunkedBatchWorkflow` and the workers of its batches agree on: a container in another language needs no more
 * than this.
 *
 * The pointer stands in the environment of a container, is the event of a Lambda function, or the payload of a job
 * message.
 */

/** The environment variables that name the batch of a container. */
export const BatchEnv = {
  bucket: 'FILEWORKS_BATCH_BUCKET',
  key: 'FILEWORKS_BATCH_KEY',
} as const;

/** Where a batch is described: an object that holds a `BatchDocument`. */
export interface BatchPointer {
  readonly bucket: string;
  readonly key: string;
}

/** Type of the job message that hands a batch to a worker with a queue. */
export const BATCH_JOB = 'batch';

/** Payload of that message. */
export interface BatchJobPayload extends BatchPointer {
  /** By which Step Functions is told that the batch is done, or failed. */
  readonly taskToken: string;
}

/** A file of a batch. */
export interface BatchFile {
  readonly key: string;
  /** Bytes; unknown for files of a manifest that does not tell. */
  readonly size?: number;
  /** With quotation marks, as S3 gives it. */
  readonly etag?: string;
}

/**
 * What becomes of a file after the work: folders are beginnings of keys, and `incoming` is replaced by one of the
 * others.
 */
export type BatchFiling =
  | { readonly by: 'move'; readonly incoming: string; readonly processed: string; readonly failed: string }
  | { readonly by: 'tag' }
  | { readonly by: 'none' };

/** Tag of a file that was worked on, where files are not moved. */
export const BatchTag = { key: 'fileworks-batch', processed: 'processed', failed: 'failed' } as const;

/** What a worker is to do. */
export interface BatchDocument {
  readonly version: 1;
  /** Name of the execution; stands in every log line of the run. */
  readonly runId: string;
  readonly batchId: string;
  /** The bucket of the files. */
  readonly bucket: string;
  readonly files: readonly BatchFile[];
  readonly filing: BatchFiling;
  /** Where the worker writes its `BatchResult`, in the bucket of this document. */
  readonly resultKey: string;
}

/** What became of a file. */
export interface BatchFileResult {
  readonly key: string;
  /** `skipped`: its tag says that an earlier run has done it. */
  readonly outcome: 'processed' | 'failed' | 'skipped';
  /** Bytes. */
  readonly size?: number;
  readonly milliseconds: number;
  /** Why it failed. */
  readonly reason?: string;
  /** What the handler returned. */
  readonly output?: unknown;
}

/** What is done of a batch; written again and again while a worker is at it, so that the next one goes on from here. */
export interface BatchResult {
  readonly version: 1;
  readonly runId: string;
  readonly batchId: string;
  /** Whether all files are done. A batch whose result is not complete has failed. */
  readonly complete: boolean;
  readonly files: readonly BatchFileResult[];
}

/** Folders below the one that a run has for a prefix, and the names in them. */
export const BatchFolders = {
  /** `<batch>.json`: `BatchDocument`. */
  batches: 'batches/',
  /** `<batch>.json`: `BatchResult`. */
  results: 'results/',
  /** `<batch>.json`: `BatchFailure`. */
  failures: 'failures/',
  /** What Step Functions writes about the executions of batches. */
  executions: 'executions/',
  /** `BatchManifest`. */
  manifest: 'manifest.json',
  /** One `BatchFileResult` in a line for each file that failed. */
  failedFiles: 'failed.jsonl',
} as const;

/** Why no worker could finish a batch, as Step Functions says it. */
export interface BatchFailure {
  readonly error: string;
  readonly cause: string;
}

/** What became of a prefix in a run: the manifest, and with its place the detail of the event. */
export interface BatchSummary {
  readonly version: 1;
  readonly runId: string;
  readonly bucket: string;
  readonly prefix: string;
  /** `failed`: more files failed than are tolerated, or the batches could not be made. */
  readonly status: 'succeeded' | 'failed';
  /** Files of batches that no worker finished are `failed`, unless they were done before it stopped. */
  readonly files: {
    readonly total: number;
    readonly processed: number;
    readonly failed: number;
    readonly skipped: number;
  };
  /** Bytes of the files that were processed. */
  readonly bytes: number;
  readonly batches: { readonly total: number; readonly failed: number };
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationSeconds: number;
  /** Why the batches could not be made, or were not all tried. */
  readonly error?: string;
}

/** The result manifest of a prefix. */
export interface BatchManifest extends BatchSummary {
  readonly results: readonly {
    readonly batchId: string;
    readonly resultKey: string;
    readonly complete: boolean;
    readonly failure?: BatchFailure;
  }[];
}

/** What the function is asked: it answers with the detail of the event. */
export interface BatchFinishRequest {
  readonly runId: string;
  readonly prefix: string;
  /** Where everything about this prefix is, in the bucket of results. */
  readonly folder: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Why the batches could not be made, or were not all tried. */
  readonly error?: string;
}

/** The detail of an event. */
export interface BatchEvent extends BatchSummary {
  readonly manifest: BatchPointer;
}

/** Events on EventBridge. */
export const BATCH_EVENT_SOURCE = 'fileworks.batches';
export const BatchEventType = { succeeded: 'Batch Run Succeeded', failed: 'Batch Run Failed' } as const;

/** The environment variables of the function that counts what became of a prefix. */
export const BatchFinishEnv = {
  /** Of the workflow, in its metrics. */
  name: 'NAME',
  sourceBucket: 'SOURCE_BUCKET',
  resultBucket: 'RESULT_BUCKET',
  toleratedFailurePercentage: 'TOLERATED_FAILURE_PERCENTAGE',
} as const;
