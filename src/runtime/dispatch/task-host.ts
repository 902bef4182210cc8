import { type FileRow } from './rows.js';

/**
 * Result of a launch.
 *
 * - `launched`: a task exists. `ended`: it has already stopped. `worker` is set if the task does not begin its turn
 *   itself; the launch then begins it.
 * - `sent`: a message was sent; the worker that receives it begins the turn, at any time.
 * - `refused`: no task was started; a later launch may succeed.
 * - `throttled`: the same call can be repeated.
 * - `unknown`: the result is unknown; repeating the same call returns it.
 * - `misconfigured`: an operator must act.
 */
export type LaunchResult =
  | { readonly kind: 'launched'; readonly ended: boolean; readonly worker?: string }
  | { readonly kind: 'sent' }
  | { readonly kind: 'refused' | 'throttled' | 'unknown' | 'misconfigured'; readonly reason: string };

/**
 * State of a worker, as reported by its host.
 *
 * - `alive`: the worker exists; only its heartbeats show whether it makes progress.
 * - `working`: the worker makes progress, according to the host, and ends by itself.
 * - `unknown`: the host has no information; only heartbeats show the state.
 * - `stopped`: confirmed never to run again: it is stopped, or its record expired long after it stopped.
 * - `done`: stopped, and successful according to the host.
 */
export type TaskState =
  | { readonly kind: 'alive' | 'working' | 'unknown' | 'done' }
  | { readonly kind: 'stopped'; readonly reason: string; readonly interrupted: boolean };

/** A task that exists. */
export interface LaunchedTask {
  readonly worker: string;
  /** When its containers started, in epoch milliseconds; undefined before that. */
  readonly startedAt?: number;
}

/**
 * Starts and describes the workers of files. An implementation MUST start at most one task for one launch token while
 * it keeps the token.
 */
export interface TaskHost {
  /** Starts the task for the current epoch of a file, or finds the one already started. */
  launch(file: FileRow): Promise<LaunchResult>;
  /**
   * The tasks for the current epoch of a file that are starting or running; for tokens that are too old to be reused,
   * and for tasks that do not begin. Undefined if tokens do not expire: repeating the launch finds the task.
   */
  tasksOf(file: FileRow): Promise<readonly LaunchedTask[] | undefined>;
  /**
   * Requests the tasks for the current epoch of a canceled file to stop. @returns whether none of them can begin or
   * continue its work
   */
  cancel(file: FileRow, reason: string): Promise<boolean>;
  describe(worker: string): Promise<TaskState>;
  /** Requests the task to stop; it has stopped once `describe` returns `stopped`. */
  stop(worker: string, reason: string): Promise<void>;
}
