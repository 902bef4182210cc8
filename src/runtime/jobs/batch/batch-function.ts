import type { BatchPointer } from '../../../contract/batch.js';
import { DependencyUnavailable } from '../../errors.js';
import { faultOf } from '../../support/faults.js';
import { messageOf } from '../../support/thrown.js';
import type { BatchHandler } from './batch-handler.js';
import { type BatchOptions, processBatch } from './process-batch.js';

/** Time reserved for writing the last results. */
const SPARE_MS = 15_000;
/** A function that waits costs as much as one that works. */
const MAX_WAIT_MS = 60_000;

/** The handler of a Lambda function. */
export type BatchFunction = (
  pointer: BatchPointer & {
    /** Set, and not empty, if a dependency was unavailable to the last invocation. */
    readonly unavailableSeconds?: string;
  },
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
 * where it ended. If a dependency denies, throttles or does not answer for a minute, the function throws
 * `DependencyUnavailable`, and the workflow invokes it again later without using up a retry.
 */
export function batchFunction(handler: BatchHandler, options: BatchOptions = {}): BatchFunction {
  return async ({ bucket, key, unavailableSeconds = '' }, context) => {
    const timeout = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - SPARE_MS));
    try {
      const isProbe = unavailableSeconds !== '';
      await processBatch({ bucket, key }, handler, options, { signal: timeout, maxWaitMs: MAX_WAIT_MS, isProbe });
    } catch (error) {
      const fault = faultOf(error);
      if (fault.kind !== 'world') {
        throw error;
      }
      // By this name, the workflow recognizes it
      throw new DependencyUnavailable(fault.dependency, { reason: messageOf(error), cause: error });
    }
    return {};
  };
}
