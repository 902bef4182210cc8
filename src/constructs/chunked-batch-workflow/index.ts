export { FilingMode, RunOverlap } from './batch-enums';
export { BatchProcessor } from './batch-processor';
export { BatchSource } from './batch-source';
export type { BatchTaskProps } from './batch-task-props';
export { ChunkedBatchWorkflow } from './chunked-batch-workflow';
export type { ChunkedBatchWorkflowProps } from './chunked-batch-workflow-props';
