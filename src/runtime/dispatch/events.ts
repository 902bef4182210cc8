import {
  type FileObject,
  type FilePolicy,
  type FileRow,
  type HeadRow,
  type KeyRow,
  type PauseRow,
  type QueuedFile,
} from './rows.js';
import { type Write } from './store.js';

/** A file as its rules classified it, not registered yet. */
export interface Arrival {
  readonly id: string;
  readonly type: string;
  readonly sequence?: string;
  readonly slots: number;
  readonly order: string;
  /** Time from which on it may be claimed. */
  readonly notBefore?: number;
  readonly object: FileObject;
  readonly policy: FilePolicy;
  /** A file that comes after a greater one was claimed: run it next, park it, or put it at the end. */
  readonly late: 'run-next' | 'park' | 'append';
  /** `latest`: an overwritten or deleted object is not processed any more. `each`: every version is. */
  readonly overwrite: 'latest' | 'each';
  readonly correlationId: string;
}

/**
 * Whoever speaks for a running container proves that it is the current one by epoch and worker.
 *
 * Evidence from ECS without a worker says that a launch ended before any task began.
 */
export type DispatchEvent =
  | { readonly type: 'arrive'; readonly arrival: Arrival }
  | { readonly type: 'remove'; readonly object: FileObject; readonly correlationId: string }
  | { readonly type: 'claim'; readonly slot: number }
  | { readonly type: 'begin'; readonly epoch: number; readonly worker: string }
  | { readonly type: 'heartbeat'; readonly epoch: number; readonly worker: string }
  | { readonly type: 'complete'; readonly epoch: number; readonly worker: string; readonly result?: unknown }
  | { readonly type: 'skip'; readonly epoch: number; readonly worker: string; readonly reason: string }
  | {
      readonly type: 'fail';
      readonly epoch: number;
      readonly worker: string;
      readonly reason: string;
      readonly final?: boolean;
      readonly retryAfterMs?: number;
    }
  | { readonly type: 'stopped'; readonly epoch: number; readonly worker?: string; readonly reason: string }
  | { readonly type: 'interrupt'; readonly epoch: number; readonly worker?: string; readonly reason: string }
  | { readonly type: 'refuse'; readonly epoch: number; readonly reason: string }
  | { readonly type: 'misconfigured'; readonly epoch: number; readonly reason: string }
  | { readonly type: 'look'; readonly afterMs?: number }
  | { readonly type: 'retry' }
  | { readonly type: 'redrive' }
  | { readonly type: 'discard'; readonly reason: string }
  | { readonly type: 'pause'; readonly scope: string; readonly reason: string }
  | { readonly type: 'resume'; readonly scope: string };

/** What a decision looks at: rows as they were read. Only those that the event needs. */
export interface DispatchState {
  /** The file that the event is about. */
  readonly file?: FileRow;
  /** Claim: the first of the queue. */
  readonly queued?: QueuedFile;
  /** Claim, retry, pause and resume. */
  readonly pauses?: PauseRow;
  /** Claim, and arrival where a late file does not run next: the slot. */
  readonly head?: HeadRow;
  /** Claim, where the number of files that work at once is limited: a free place under each limit. */
  readonly places?: readonly FreePlace[];
  /** Arrival and removal where only the latest version counts. */
  readonly key?: KeyRow;
  /** The file that the key row names. */
  readonly latest?: FileRow;
  /** Order of the last file of the queue; arrival where late files are appended. */
  readonly lastQueued?: string;
}

/** A place under a limit. It is a head whose sequence is the name of the limit, and nothing queues for it. */
export interface FreePlace {
  readonly limit: string;
  readonly place: number;
  readonly head?: HeadRow;
}

/**
 * `changed`: the writes bring what the event is about into a new status. `kept`: nothing to do, it was done before.
 * `early`: not before `notBefore`.
 * `paused`: not before an operator resumes it.
 * `refused`: the event does not fit; who sent it is not, or no longer, entitled.
 */
export type Outcome = 'changed' | 'kept' | 'early' | 'paused' | 'refused';

export interface Decision {
  readonly outcome: Outcome;
  /** To be committed together, or not at all. */
  readonly writes: readonly Write[];
}
