/**
 * What the two services of an export agree on: messages on their queues, and events for everybody else.
 *
 * `version` grows when a reader of the version before could misunderstand; new optional properties do not count, and
 * readers pass over what they do not know.
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
  /** Counts the files of the job from 0. */
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
  /** Name of the export service, where there are several on a bus. */
  readonly service?: string;
  /** Files that are known, are stored, and can not be; `known` is final unless the job is still `dispatching`. */
  readonly files: { readonly known: number; readonly done: number; readonly failed: number };
  /** Bytes of results. */
  readonly bytes: number;
  /** Why a job failed: a code of an error. */
  readonly reason?: string;
}
