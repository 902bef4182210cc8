import { type LedgerFile, ledgerFile } from '../../database/index.js';
import type { JobObject } from '../../../contract/job-message.js';
import { PoisonMessage } from '../../errors.js';
import type { JobHandler } from '../../queue/index.js';
import { type FileLoaderSetup, type LoaderParts, loaderParts } from './loader-parts.js';

/**
 * A handler for `runWorker` that loads files that are too large for the function, with the same mapping or function and
 * the same ledger. A file is streamed in one transaction, so memory use is independent of its size.
 */
export function largeFileLoader(setup: FileLoaderSetup): JobHandler {
  let making: Promise<LoaderParts> | undefined;
  return async ({ object }, { signal, log, correlationId }) => {
    if (object === undefined) {
      throw new PoisonMessage('the message contains no object');
    }
    making ??= loaderParts(setup);
    const { loader } = await making;
    const outcome = await loader.loadLarge(fileOf(object, correlationId), signal);
    if (outcome.result === 'rejected') {
      throw new PoisonMessage(outcome.error.message, { cause: outcome.error });
    }
    if (outcome.result === 'failed') {
      throw outcome.error;
    }
    log.info({ ...outcome }, `file ${outcome.result}`);
  };
}

function fileOf(object: JobObject, correlationId: string): LedgerFile {
  try {
    return ledgerFile(object, correlationId);
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
    throw new PoisonMessage(error.message, { cause: error });
  }
}
