import type { JobHandler } from '../../queue/index.js';
import type { SdkClient } from '../../support/sdk-client.js';
import { missingPeer } from '../../support/missing-peer.js';
import { readBatchJob } from './batch-document.js';
import { type BatchHandler, type BatchOptions, processBatch } from './process-batch.js';

export interface BatchJobOptions extends Omit<BatchOptions, 'logger'> {
  /** An `SFNClient`: tells Step Functions that a batch is done. Needs the optional peer `@aws-sdk/client-sfn`. */
  readonly stepFunctions: SdkClient;
}

/**
 * Makes of a handler of files, as `runBatch` takes it, a handler of the jobs that `BatchProcessor.worker()` sends.
 *
 * ```ts
 * await runWorker(batchJobHandler(async ({ bucket, key }, { signal }) => { … }, { stepFunctions: new SFNClient({}) }));
 * ```
 *
 * A batch that is received again goes on where it ended. One that fails on the last attempt is told to Step Functions,
 * and its message goes to the
 * dead-letter queue.
 */
export function batchJobHandler(handler: BatchHandler, { stepFunctions, ...options }: BatchJobOptions): JobHandler {
  return async (job, { signal, log, isLastAttempt }) => {
    const { taskToken, ...pointer } = readBatchJob(job.body);
    const { SendTaskFailureCommand, SendTaskSuccessCommand } = await import('@aws-sdk/client-sfn').catch(
      missingPeer('@aws-sdk/client-sfn'),
    );
    const tell = async (command: object) => {
      await stepFunctions.send(command as never).catch((error: unknown) => {
        // The execution ended before this batch, by its timeout or by hand: nobody waits for the answer.
        if (!['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'].includes((error as Error).name)) {
          throw error;
        }
        log.warn({ err: error }, 'nobody waits for this batch any more');
      });
    };
    try {
      await processBatch(pointer, handler, { ...options, logger: log }, signal);
    } catch (error) {
      const { name, message: cause } = error as Error;
      if (isLastAttempt && !signal.aborted) {
        await tell(new SendTaskFailureCommand({ taskToken, error: name, cause }));
      }
      throw error;
    }
    await tell(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
  };
}
