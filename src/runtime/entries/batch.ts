/** `fileworks-runtime/batch`: the files of a `ChunkedBatchWorkflow`, in a task, a function or a worker. */
export { BatchEventSchemas } from '../../contract/batch-event-schema.js';
export {
  type BatchDocument,
  type BatchFileResult,
  type BatchFiling,
  type BatchPointer,
  type BatchResult,
} from '../../contract/batch.js';
export { type EventSchema } from '../../contract/event-schema.js';
export {
  type BatchContext,
  BatchExitCode,
  batchFunction,
  type BatchFunction,
  type BatchHandler,
  batchJobHandler,
  type BatchJobOptions,
  type BatchOptions,
  type BatchProgress,
  readBatchPointer,
  runBatch,
  type RunBatchOptions,
} from '../jobs/batch/index.js';
