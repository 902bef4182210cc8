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
} from './batch/index.js';
export {
  CircuitWatch,
  type CircuitWatchOptions,
  DownloadRefused,
  DownloadTaskHandler,
  type DownloadTaskHandlerOptions,
  eventBridgeEvents,
  type EventBridgeEventsOptions,
  type ExportEnvironment,
  ExportJobHandler,
  type ExportJobHandlerOptions,
  ExportMetrics,
  type FileList,
  type PublishExportEvent,
  readExportEnvironment,
} from './export/index.js';
export type { ExtractManifest, RefusedEntry, SkippedEntry, StoredEntry } from './extract-manifest.js';
export { extractTo, type ExtractDestination, type ExtractOptions } from './extract-to.js';
export {
  type ObjectTask,
  type ObjectTaskContext,
  ObjectTaskExitCode,
  type ObjectTaskHandler,
  readObjectTask,
  runObjectTask,
  type RunObjectTaskOptions,
} from './run-object-task.js';
export { fileTaskHandler } from './file-task-handler.js';
export { wakeWorker } from './wake-worker.js';
