import { type FileRow } from './rows.js';

/**
 * What came of a launch.
 *
 * `launched`: a task exists; `ended` when it has already stopped; `worker` when it does not begin its turn itself, and
 * has begun it by being
 * launched. `sent`: whoever comes to it will begin, at any time. `refused`: there is none, and this call will bring
 * none; a later one may.
 * `throttled`: the same call may be made again. `unknown`: nobody can tell; the same call again finds out.
 * `misconfigured`: a person must act.
 */
export type LaunchResult =
  | { readonly kind: 'launched'; readonly ended: boolean; readonly worker?: string }
  | { readonly kind: 'sent' }
  | { readonly kind: 'refused' | 'throttled' | 'unknown' | 'misconfigured'; readonly reason: string };

/**
 * What a host says of a worker.
 *
 * `alive`: it is there; whether it works, only its own heartbeats tell. `working`: the host vouches for its work, which
 * ends by itself.
 * `untold`: the host knows nothing; only heartbeats tell. `over` only on evidence that it will never run again:
 * stopped, or forgotten long
 * after it stopped. `done`: over, and the host vouches for its success.
 */
export type TaskState =
  | { readonly kind: 'alive' | 'working' | 'untold' | 'done' }
  | { readonly kind: 'over'; readonly reason: string; readonly interrupted: boolean };

/**
 * Where files are worked on. An implementation MUST start at most one task for one `launchToken` while it remembers the
 * token.
 */
export interface TaskHost {
  /** Starts the task for the current epoch of a file, or finds the one that it has started. */
  launch(file: FileRow): Promise<LaunchResult>;
  /**
   * Whether a task that was started for the current epoch of a file is still to begin or at work; for tokens too old to
   * be used again.
   * Undefined where tokens do not age: the same launch again finds out.
   */
  hasTask(file: FileRow): Promise<boolean | undefined>;
  describe(worker: string): Promise<TaskState>;
  /** Asks the task to stop; it is over only when `describe` says so. */
  stop(worker: string, reason: string): Promise<void>;
}
