import type { BatchPointer } from '../../../contract/batch.js';
import { type BatchHandler, type BatchOptions, processBatch } from './process-batch.js';

/** Left for the last results to be written. */
const SPARE_MS = 15_000;

/** What a Lambda function exports as its handler. */
export type BatchFunction = (
  pointer: BatchPointer,
  context: { getRemainingTimeInMillis(): number },
) => Promise<Record<string, never>>;

/**
 * The handler of a Lambda function that works on batches of files for `ChunkedBatchWorkflow`, as
 * `BatchProcessor.lambdaFunction()` calls it.
 *
 * ```ts
 * export const handler = batchFunction(async ({ bucket, key }, { signal }) => convert(bucket, key, { signal }));
 * ```
 *
 * The signal aborts 15 seconds before the function's timeout; the workflow then calls it again, and it goes on where it
 * ended.
 */
export function batchFunction(handler: BatchHandler, options: BatchOptions = {}): BatchFunction {
  return async ({ bucket, key }, context) => {
    const timeout = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - SPARE_MS));
    await processBatch({ bucket, key }, handler, options, timeout);
    return {};
  };
}
