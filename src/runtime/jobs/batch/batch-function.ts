import type { BatchPointer } from '../../../contract/batch.js';
import { type BatchHandler, type BatchOptions, processBatch } from './process-batch.js';

/** Time reserved for writing the last results. */
const SPARE_MS = 15_000;

/** The handler of a Lambda function. */
export type BatchFunction = (
  pointer: BatchPointer,
  context: { getRemainingTimeInMillis(): number },
) => Promise<Record<string, never>>;

/**
 * The handler of a Lambda function that processes batches of files for `ChunkedBatchWorkflow`, for
 * `BatchProcessor.lambdaFunction()`.
 *
 * ```ts
 * export const handler = batchFunction(async ({ bucket, key }, { signal }) => convert(bucket, key, { signal }));
 * ```
 *
 * The signal aborts 15 seconds before the timeout of the function; the workflow then invokes it again, and it continues
 * where it ended.
 */
export function batchFunction(handler: BatchHandler, options: BatchOptions = {}): BatchFunction {
  return async ({ bucket, key }, context) => {
    const timeout = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - SPARE_MS));
    await processBatch({ bucket, key }, handler, options, timeout);
    return {};
  };
}
