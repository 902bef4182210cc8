/**
 * The contract of an export: messages between its two services, and events for other consumers.
 *
 * `version` is incremented on changes that are incompatible with readers of the previous version. New optional
 * properties are compatible, and readers ignore unknown properties.
 */
export const EXPORT_CONTRACT_VERSION = 1;

/** Types of the job messages that carry these shapes as their payload. */
export const ExportMessageType = { exportJob: 'ExportJob', downloadTask: 'DownloadTask' } as const;

/** Payload on the queue of export jobs. */
export interface ExportJobRequest {
  readonly version: typeof EXPORT_CONTRACT_VERSION;
  /** One or more jobs of the Export API. */
  readonly jobIds: readonly string[];
}

/** Payload on the queue of download tasks. */
export interface DownloadTask {
  readonly version: typeof EXPORT_CONTRACT_VERSION;
  readonly jobId: string;
  /** Number of the file within its job, counted from 0. */
  readonly number: number;
  readonly file: ExportFile;
}

/** A file of an export job. */
export interface ExportFile {
  /** Unique in its job. */
  readonly id: string;
  readonly url: string;
  /** Bytes. */
  readonly size?: number;
  /** In hex. */
  readonly sha256?: string;
}

/** Events on EventBridge. */
export const EXPORT_EVENT_SOURCE = 'fileworks.exports';
export const ExportEventType = {
  progress: 'Export Job Progress',
  completed: 'Export Job Completed',
  failed: 'Export Job Failed',
} as const;
export type ExportEventType = (typeof ExportEventType)[keyof typeof ExportEventType];

/** Detail of each of the events. */
export interface ExportJobEvent {
  readonly version: typeof EXPORT_CONTRACT_VERSION;
  readonly jobId: string;
  readonly correlationId: string;
  /** Name of the export service, to distinguish several on one bus. */
  readonly service?: string;
  /** Counts of known, stored and failed files; `known` is final unless the job is still `dispatching`. */
  readonly files: { readonly known: number; readonly done: number; readonly failed: number };
  /** Bytes of results. */
  readonly bytes: number;
  /** Error code of a failed job. */
  readonly reason?: string;
}
