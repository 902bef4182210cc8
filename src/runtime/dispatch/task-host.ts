import { type FileRow } from './rows.js';

/**
 * What came of a launch.
 *
 * `launched`: a task exists; `ended` when it has already stopped. `refused`: there is none and there will be none, for now. `throttled`:
 * the same call may be made again. `unknown`: nobody can tell; the same call again finds out. `misconfigured`: a person must act.
 */
export type LaunchResult
  = { readonly kind: 'launched'; readonly ended: boolean }
    | { readonly kind: 'refused' | 'throttled' | 'unknown' | 'misconfigured'; readonly reason: string };

/** `over` only on evidence that the task will never run again: stopped, or forgotten long after it stopped. */
export type TaskState = { readonly kind: 'alive' } | { readonly kind: 'over'; readonly reason: string; readonly interrupted: boolean };

/** Where containers run. An implementation MUST start at most one task for one `launchToken` while it remembers the token. */
export interface TaskHost {
  /** Starts the task for the current epoch of a file, or finds the one that it has started. */
  launch(file: FileRow): Promise<LaunchResult>;
  /** Whether a task that was started for the current epoch of a file is still to begin or at work; for tokens too old to be used again. */
  hasTask(file: FileRow): Promise<boolean>;
  describe(worker: string): Promise<TaskState>;
  /** Asks the task to stop; it is over only when `describe` says so. */
  stop(worker: string, reason: string): Promise<void>;
}
