export { DownloadRefused } from './download-refused.js';
export { DownloadTaskHandler, type DownloadTaskHandlerOptions } from './download-task-handler.js';
export { type ExportEnvironment, readExportEnvironment } from './export-environment.js';
export { eventBridgeEvents, type EventBridgeEventsOptions, type PublishExportEvent } from './export-events.js';
export { ExportJobHandler, type ExportJobHandlerOptions, type FileList } from './export-job-handler.js';
export { ExportMetrics } from './export-metrics.js';
