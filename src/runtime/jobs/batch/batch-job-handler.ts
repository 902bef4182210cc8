import type { JobHandler } from '../../queue/index.js';
import type { SdkClient } from '../../support/sdk-client.js';
import { faultOf } from '../../support/faults.js';
import { missingPeer } from '../../support/missing-peer.js';
import { untilWritten } from '../../support/until-written.js';
import { readBatchJob } from './batch-document.js';
import type { BatchHandler } from './batch-handler.js';
import { type BatchOptions, processBatch } from './process-batch.js';

/** So that results which a short outage kept from being written are not lost; then the job waits without a slot. */
const MAX_WAIT_MS = 60_000;

export interface BatchJobOptions extends Omit<BatchOptions, 'logger'> {
  /** An `SFNClient`, which reports results to Step Functions. Needs the optional peer `@aws-sdk/client-sfn`. */
  readonly stepFunctions: SdkClient;
}

/**
 * Converts a file handler, as for `runBatch`, to a handler of jobs from `BatchProcessor.worker()`.
 *
 * ```ts
 * await runWorker(batchJobHandler(async ({ bucket, key }, { signal }) => { … }, { stepFunctions: new SFNClient({}) }));
 * ```
 *
 * A redelivered batch continues where it ended. A failure in the last attempt is reported to Step Functions, and the
 * message is moved to the dead-letter queue.
 */
export function batchJobHandler(handler: BatchHandler, { stepFunctions, ...options }: BatchJobOptions): JobHandler {
  let isProbe = false;
  return async (job, { signal, log, isLastAttempt }) => {
    const { taskToken, ...pointer } = readBatchJob(job.body);
    const { SendTaskFailureCommand, SendTaskSuccessCommand } = await import('@aws-sdk/client-sfn').catch(
      missingPeer('@aws-sdk/client-sfn'),
    );
    const report = async (command: object) => {
      await untilWritten(() => stepFunctions.send(command as never), { signal, log }).catch((error: unknown) => {
        // The execution ended before this batch, by its timeout or manually.
        if (!['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'].includes((error as Error).name)) {
          throw error;
        }
        log.warn({ err: error }, 'the execution of this batch has already ended');
      });
    };
    try {
      await processBatch(pointer, handler, { ...options, logger: log }, { signal, maxWaitMs: MAX_WAIT_MS, isProbe });
    } catch (error) {
      const { name, message: cause } = error as Error;
      isProbe = faultOf(error).kind === 'world';
      if (isLastAttempt && !signal.aborted && !isProbe) {
        await report(new SendTaskFailureCommand({ taskToken, error: name, cause }));
      }
      throw error;
    }
    isProbe = false;
    await report(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
  };
}
