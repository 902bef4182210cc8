export { FilingMode, RunOverlap } from './batch-enums';
export { BatchProcessor, type BatchTaskProps } from './batch-processor';
export { BatchSource } from './batch-source';
export { ChunkedBatchWorkflow } from './chunked-batch-workflow';
export type { ChunkedBatchWorkflowProps } from './chunked-batch-workflow-props';
