/**
 * The contract between `ChunkedBatchWorkflow` and the workers of its batches. A container in another language needs
 * nothing else.
 *
 * The pointer is passed in the environment of a container, as the event of a Lambda function, or as the payload of a
 * job message.
 */

/** Environment variables that identify the batch of a container. */
export const BatchEnv = {
  bucket: 'FILEWORKS_BATCH_BUCKET',
  key: 'FILEWORKS_BATCH_KEY',
} as const;

/** Location of the `BatchDocument` that describes a batch. */
export interface BatchPointer {
  readonly bucket: string;
  readonly key: string;
}

/** Type of the job message that passes a batch to a worker with a queue. */
export const BATCH_JOB = 'batch';

/** Payload of that message. */
export interface BatchJobPayload extends BatchPointer {
  /** Task token with which the worker reports success or failure to Step Functions. */
  readonly taskToken: string;
}

/** A file of a batch. */
export interface BatchFile {
  readonly key: string;
  /** Bytes; unknown if the manifest does not contain it. */
  readonly size?: number;
  /** With quotation marks, as returned by S3. */
  readonly etag?: string;
}

/** How finished files are marked. Folders are key prefixes, and `incoming` is replaced by one of the others. */
export type BatchFiling =
  | { readonly by: 'move'; readonly incoming: string; readonly processed: string; readonly failed: string }
  | { readonly by: 'tag' }
  | { readonly by: 'none' };

/** Tag of a finished file, if files are not moved. */
export const BatchTag = { key: 'fileworks-batch', processed: 'processed', failed: 'failed' } as const;

/** The work of one batch. */
export interface BatchDocument {
  readonly version: 1;
  /** Name of the execution; included in every log line of the run. */
  readonly runId: string;
  readonly batchId: string;
  /** The bucket of the files. */
  readonly bucket: string;
  readonly files: readonly BatchFile[];
  readonly filing: BatchFiling;
  /** Where the worker writes its `BatchResult`, in the bucket of this document. */
  readonly resultKey: string;
}

/** Result of a file. */
export interface BatchFileResult {
  readonly key: string;
  /** `skipped`: according to its tag, an earlier run has finished it. */
  readonly outcome: 'processed' | 'failed' | 'skipped';
  /** Bytes. */
  readonly size?: number;
  readonly milliseconds: number;
  /** Why it failed. */
  readonly reason?: string;
  /** What the handler returned. */
  readonly output?: unknown;
  /** Why the file could not be moved or tagged. The next run processes it again. */
  readonly unmarked?: string;
}

/**
 * Progress of a batch. It is rewritten while a worker processes the batch, so that the next worker continues from
 * there.
 */
export interface BatchResult {
  readonly version: 1;
  readonly runId: string;
  readonly batchId: string;
  /** Whether all files are done. A batch whose result is not complete has failed. */
  readonly complete: boolean;
  readonly files: readonly BatchFileResult[];
}

/** Folders and file names below the folder of a run and prefix. */
export const BatchFolders = {
  /** `<batch>.json`: `BatchDocument`. */
  batches: 'batches/',
  /** `<batch>.json`: `BatchResult`. */
  results: 'results/',
  /** `<batch>.json`: `BatchFailure`. */
  failures: 'failures/',
  /** Results of the batch executions, written by Step Functions. */
  executions: 'executions/',
  /** `BatchManifest`. */
  manifest: 'manifest.json',
  /** One line with a `BatchFileResult` for each file that failed, or could not be moved or tagged. */
  failedFiles: 'failed.jsonl',
} as const;

/** Why no worker could finish a batch, as reported by Step Functions. */
export interface BatchFailure {
  readonly error: string;
  readonly cause: string;
}

/** Summary of a prefix in a run: the basis of the manifest and, with its location, of the event detail. */
export interface BatchSummary {
  readonly version: 1;
  readonly runId: string;
  readonly bucket: string;
  readonly prefix: string;
  /**
   * `failed`: more files failed, or could not be moved or tagged, than tolerated, or the batches could not be created.
   */
  readonly status: 'succeeded' | 'failed';
  /** Files of unfinished batches count as `failed`, unless they were finished before the worker stopped. */
  readonly files: {
    readonly total: number;
    readonly processed: number;
    readonly failed: number;
    readonly skipped: number;
    /** Of all of them, those that could not be moved or tagged. */
    readonly unmarked: number;
  };
  /** Bytes of the processed files. */
  readonly bytes: number;
  readonly batches: { readonly total: number; readonly failed: number };
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationSeconds: number;
  /** Why the batches could not be created, or were not all started. */
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

/** Request to the function, which returns the detail of the event. */
export interface BatchFinishRequest {
  readonly runId: string;
  readonly prefix: string;
  /** Folder of this prefix in the result bucket. */
  readonly folder: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Why the batches could not be created, or were not all started. */
  readonly error?: string;
}

/** The detail of an event. */
export interface BatchEvent extends BatchSummary {
  readonly manifest: BatchPointer;
}

/** Events on EventBridge. */
export const BATCH_EVENT_SOURCE = 'fileworks.batches';
export const BatchEventType = { succeeded: 'Batch Run Succeeded', failed: 'Batch Run Failed' } as const;

/** Environment variables of the function that counts the results of a prefix. */
export const BatchFinishEnv = {
  /** Name of the workflow in metrics. */
  name: 'NAME',
  sourceBucket: 'SOURCE_BUCKET',
  resultBucket: 'RESULT_BUCKET',
  toleratedFailurePercentage: 'TOLERATED_FAILURE_PERCENTAGE',
} as const;
