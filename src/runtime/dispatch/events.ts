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

/** A classified file, before its registration. */
export interface Arrival {
  readonly id: string;
  readonly type: string;
  readonly sequence?: string;
  readonly sequencePart?: string;
  readonly slots: number;
  readonly order: string;
  /** Earliest time of a claim. */
  readonly notBefore?: number;
  readonly object: FileObject;
  readonly policy: FilePolicy;
  /** Handling of a file that arrives after one with a greater order was claimed: run it next, park it, or append it. */
  readonly late: 'run-next' | 'park' | 'append';
  /** `latest`: an overwritten or deleted object is not processed. `each`: every version is processed. */
  readonly overwrite: 'latest' | 'each';
  readonly correlationId: string;
}

/**
 * Epoch and worker identify the container that an event is about; only the current one may change the file.
 *
 * An event from ECS without a worker reports that a launch ended before a task began.
 */
export type DispatchEvent =
  | { readonly type: 'arrive'; readonly arrival: Arrival }
  | {
      readonly type: 'remove';
      readonly object: FileObject;
      readonly correlationId: string;
      /** With a version id: the file of that version, in case it is not registered yet. */
      readonly version?: { readonly id: string; readonly type: string; readonly policy: FilePolicy };
    }
  | { readonly type: 'claim'; readonly slot: number }
  | { readonly type: 'begin'; readonly epoch: number; readonly worker: string; readonly log?: string }
  | { readonly type: 'heartbeat'; readonly epoch: number; readonly worker: string }
  | {
      readonly type: 'complete';
      readonly epoch: number;
      readonly worker: string;
      readonly result?: unknown;
      /** Why there is no result. */
      readonly reason?: string;
    }
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
  | { readonly type: 'postpone'; readonly afterMs?: number }
  | { readonly type: 'stop'; readonly epoch: number; readonly worker: string; readonly reason: string }
  | { readonly type: 'retry' }
  | { readonly type: 'redrive' }
  | { readonly type: 'reprocess'; readonly reason: string }
  | { readonly type: 'discard'; readonly reason: string }
  | { readonly type: 'cancel'; readonly reason: string }
  | { readonly type: 'pause'; readonly scope: string; readonly reason: string }
  | { readonly type: 'resume'; readonly scope: string }
  | {
      readonly type: 'regroup';
      /** By type: its grouping by the deployment, and those of its open files. */
      readonly types: Readonly<Record<string, { readonly current: string; readonly open: readonly string[] }>>;
    };

export type EventOf<Type extends DispatchEvent['type']> = Extract<DispatchEvent, { type: Type }>;

/** Rows that a decision is based on, as read. Only those that the event needs. */
export interface DispatchState {
  /** The file that the event is about. */
  readonly file?: FileRow;
  /** Claim: the first file of the queue. */
  readonly queued?: QueuedFile;
  /** Claim, retry, pause and resume. */
  readonly pauses?: PauseRow;
  /** Claim, and arrival if late files do not run next: the slot. */
  readonly head?: HeadRow;
  /** Claim, if the number of running files is limited: a free place under each limit. */
  readonly places?: readonly FreePlace[];
  /** Arrival and removal, if only the latest version is processed. */
  readonly key?: KeyRow;
  /** The file of the key row. */
  readonly latest?: FileRow;
  /** Order of the last file of the queue; for arrival, if late files are appended. */
  readonly lastQueued?: string;
}

/** A place under a limit. It is stored as a head whose sequence is the name of the limit and has no queue. */
export interface FreePlace {
  readonly limit: string;
  readonly place: number;
  readonly head?: HeadRow;
  /** The file that still holds the place, read after it, if it no longer runs: the claim takes the place over. */
  readonly ended?: FileRow;
}

/**
 * - `changed`: the writes apply the event.
 * - `kept`: no change, the event was applied before.
 * - `early`: not possible before `notBefore`.
 * - `paused`: not possible before an operator resumes it.
 * - `refused`: the event does not match the state; its sender does not hold the turn, or no longer.
 */
export type Outcome = 'changed' | 'kept' | 'early' | 'paused' | 'refused';

export interface Decision {
  readonly outcome: Outcome;
  /** To be committed atomically. */
  readonly writes: readonly Write[];
}
