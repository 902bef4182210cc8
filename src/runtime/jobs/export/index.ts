export { DownloadRefused } from './download-refused.js';
export { DownloadTaskHandler, type DownloadTaskHandlerOptions } from './download-task-handler.js';
export { eventBridgeEvents, type EventBridgeEventsOptions, type PublishExportEvent } from './export-events.js';
export { ExportJobHandler, type ExportJobHandlerOptions, type FileList } from './export-job-handler.js';
