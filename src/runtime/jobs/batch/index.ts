export { batchFunction, type BatchFunction } from './batch-function.js';
export { batchJobHandler, type BatchJobOptions } from './batch-job-handler.js';
export { type BatchContext, type BatchHandler, type BatchProgress } from './batch-handler.js';
export { type BatchOptions } from './process-batch.js';
export { BatchExitCode, readBatchPointer, runBatch, type RunBatchOptions } from './run-batch.js';
