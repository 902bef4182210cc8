import type { BatchDocument, BatchFailure, BatchFileResult, BatchResult, BatchSummary } from '../../contract/batch';

/** A batch and its result. */
export interface BatchRecord {
  readonly document: BatchDocument;
  /** Undefined if no worker wrote a result. */
  readonly result?: BatchResult;
  /** Set if Step Functions reported a failure of the batch. */
  readonly failure?: BatchFailure;
}

export interface FileCounts extends Pick<BatchSummary, 'files' | 'bytes'> {
  /** Files that failed, or that could not be moved or tagged. */
  readonly failedFiles: readonly BatchFileResult[];
}

/** Counts every file of every batch once: by its result or, if it has none, as failed with the failure of its batch. */
export function countFiles(batches: readonly BatchRecord[]): FileCounts {
  const files = { total: 0, processed: 0, failed: 0, skipped: 0, unmarked: 0 };
  const failedFiles: BatchFileResult[] = [];
  let bytes = 0;
  for (const { document, result, failure } of batches) {
    const done = new Map(result?.files.map((file) => [file.key, file]));
    const reason =
      failure === undefined ? 'its batch was not finished' : `its batch was not finished: ${failure.error}`;
    for (const key of new Set(document.files.map((file) => file.key))) {
      const file: BatchFileResult = done.get(key) ?? { key, outcome: 'failed', milliseconds: 0, reason };
      files.total += 1;
      files[file.outcome] += 1;
      if (file.outcome === 'processed') {
        bytes += file.size ?? 0;
      }
      files.unmarked += file.unmarked === undefined ? 0 : 1;
      if (file.outcome === 'failed' || file.unmarked !== undefined) {
        failedFiles.push(file);
      }
    }
  }
  return { files, bytes, failedFiles };
}
