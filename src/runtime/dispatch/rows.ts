import { groupingOf, isSameGrouping } from '../../contract/dispatch-grouping.js';
import { type JobObject } from '../../contract/job-message.js';

/**
 * Rows of the dispatch protocol, independent of the storage engine.
 *
 * Times are milliseconds since 1970.
 *
 *            arrive          claim            begin            complete
 *   (absent) ------> queued ------> starting ------> running ----------> completed
 *                      ^ |             | ^ retry        | | skip
 *                      | | remove,     | |              | +------> skipped
 *   redrive, reprocess | | supersede,  v |              v
 *                      | | discard    waiting <---- (attempt over) ----> parked | blocked
 *                      | v                                                 |        |
 *                      +-------------------------------------------------- +--------+
 *
 * A file holds its slot from `starting` to `blocked`: the next file waits until it is completed, parked or skipped.
 */
export const fileStatuses = [
  'queued',
  'starting',
  'running',
  'waiting',
  'blocked',
  'completed',
  'parked',
  'skipped',
] as const;

export type FileStatus = (typeof fileStatuses)[number];

/** The object as described by S3, with a sequencer in the format of `normalizeSequencer`. */
export type FileObject = Omit<JobObject, 'reason'>;

/** The policy of a file's type, fixed at registration: a deployment does not change the policy of registered files. */
export interface FilePolicy {
  /** Maximum attempts that reach a container, 1 or more. */
  readonly maxAttempts: number;
  /** Handling after the last attempt. */
  readonly exhausted: 'block' | 'park';
  /** The n-th retry is delayed by `backoffMs * 2 ** (n - 1)`, at most `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** A running task without a heartbeat for this time is stopped. */
  readonly hangTimeoutMs: number;
  /** Maximum run time, after which a task is stopped. */
  readonly maxRuntimeMs: number;
  /** Time from the first interruption of a worker after which another one blocks the file. Absent: three days. */
  readonly maxInterruptionMs?: number;
}

export interface FileRow {
  readonly id: string;
  readonly type: string;
  /** Sequence of the file; absent: the type runs in parallel without a limit. */
  readonly sequence?: string;
  /** Part of the key whose values have a sequence each. Absent in rows of earlier releases, and for other types. */
  readonly sequencePart?: string;
  /** Files of the sequence that may run at the same time. */
  readonly slots: number;
  /** Position in the sequence, compared as text. */
  readonly order: string;
  readonly status: FileStatus;
  /** Grows with every write; every write is conditional on the revision that was read. */
  readonly rev: number;
  /** Grows with every claim and retry, and never decreases: identifies one launch of this file. */
  readonly epoch: number;
  /** Attempts that count. */
  readonly attempts: number;
  /** Attempts that do not count: refused launches, interrupted containers. */
  readonly interruptions: number;
  /** The slot that the file holds. */
  readonly slot?: number;
  /** Fencing token: version of the head at the claim; grows with every claim of the slot, and of the file. */
  readonly fence?: number;
  /** ARN of the task that began the turn. */
  readonly worker?: string;
  /** Earliest time of the next claim or retry. */
  readonly notBefore?: number;
  /** Time of the next check by the sweeper. */
  readonly dueAt?: number;
  readonly beganAt?: number;
  /** Log of the worker's container: region, group and stream, separated by `:`. Absent if it is unknown. */
  readonly log?: string;
  /** The last attempts that began and ended, the newest last; at most `MAX_LAST_ATTEMPTS`. */
  readonly lastAttempts?: readonly EndedAttempt[];
  /** Why the dispatcher stops the worker: the attempt counts, even if the worker reports an interruption. */
  readonly stopReason?: string;
  /** Why an operator canceled the file while a task was started or running: it is skipped when the task has ended. */
  readonly cancelReason?: string;
  /** First interruption of a worker since the last attempt that counts. */
  readonly interruptedSince?: number;
  /** Why the file was parked, blocked, skipped or retried; shown to operators. */
  readonly reason?: string;
  /** Result passed to `complete()`; JSON. */
  readonly result?: unknown;
  readonly object: FileObject;
  readonly policy: FilePolicy;
  readonly correlationId: string;
  readonly registeredAt: number;
  readonly updatedAt: number;
}

/** An attempt that ended, for operators. */
export interface EndedAttempt {
  readonly epoch: number;
  /** `completed`: the file was processed again. */
  readonly outcome: 'failed' | 'interrupted' | 'completed';
  /** ARN of the task, and `FileRow.log`; absent if none began. */
  readonly worker?: string;
  readonly log?: string;
  readonly beganAt?: number;
  readonly endedAt: number;
  /** At most `MAX_ATTEMPT_REASON` characters. */
  readonly reason: string;
}

/** Bounds the size of a row, and with it its write units: ten attempts have about 5 KB. */
export const MAX_LAST_ATTEMPTS = 10;
export const MAX_ATTEMPT_REASON = 300;

/** Fields of a queued file that a claim needs. The queue contains them, so that a claim does not read the file row. */
export type QueuedFile = Pick<
  FileRow,
  | 'id'
  | 'type'
  | 'status'
  | 'sequence'
  | 'slots'
  | 'order'
  | 'rev'
  | 'epoch'
  | 'attempts'
  | 'notBefore'
  | 'fence'
  | 'sequencePart'
>;

/** One slot of a sequence; never deleted, so that its version never decreases. */
export interface HeadRow {
  readonly sequence: string;
  readonly slot: number;
  readonly version: number;
  /** The file that holds this slot. */
  readonly holder?: string;
  /** Greatest claimed order. */
  readonly last?: string;
  /** Number of appended late files. */
  readonly appended: number;
}

/** The state of one key in a bucket without versioning. */
export interface KeyRow {
  readonly bucket: string;
  readonly key: string;
  readonly version: number;
  /** Greatest sequencer of a created event. */
  readonly created?: string;
  /** Greatest sequencer of a deleted event. */
  readonly deleted?: string;
  /** The file of the object in `created`. */
  readonly file?: string;
  readonly updatedAt: number;
}

/** Scopes paused by operators; one row, which exists from the first pause on. */
export interface PauseRow {
  readonly version: number;
  /** By scope: the name of a type including its sequences, the name of a sequence, or `*` for everything. */
  readonly scopes: Readonly<Record<string, Pause>>;
  /** By type, from the first sweep on. Stored here because each claim reads this row. */
  readonly groupings?: Readonly<Record<string, Grouping>>;
}

/** See `groupingOf`. */
export interface Grouping {
  /** Files of the type with another grouping are held. */
  readonly active: string;
  /** No file with the active grouping has been open since; set while another one is to become active. */
  readonly idleSince?: number;
}

export interface Pause {
  readonly since: number;
  readonly reason: string;
}

/** All pauses are read with every claim; this number stays far below the size limit of an item. */
export const MAX_PAUSES = 100;
export const EVERYTHING = '*';

/** Time after which a claim whose task has not begun is checked again: it may not have been launched. */
export const LAUNCH_CHECK_MS = 15 * 60_000;

/** Time that interruptions of a file may take, if its policy has none: three attempts of a day. */
export const MAX_INTERRUPTION_MS = 3 * 86_400_000;

export const holdsSlot = (status: FileStatus): boolean =>
  status === 'starting' || status === 'running' || status === 'waiting' || status === 'blocked';
export function isPaused(
  pauses: PauseRow | undefined,
  file: Pick<FileRow, 'type' | 'sequence' | 'slots' | 'sequencePart'>,
): boolean {
  return (
    pauses !== undefined &&
    ([EVERYTHING, file.type, file.sequence].some(
      (scope) => scope !== undefined && Object.hasOwn(pauses.scopes, scope),
    ) ||
      isHeld(pauses, file))
  );
}

/** Whether files with another grouping than this one have to end first. */
export function isHeld(
  { groupings = {} }: Pick<PauseRow, 'groupings'>,
  file: Pick<FileRow, 'type' | 'sequence' | 'slots' | 'sequencePart'>,
): boolean {
  return Object.hasOwn(groupings, file.type) && !isSameGrouping(groupings[file.type].active, groupingOf(file));
}

/** A file keeps its place under the limits while it is starting, running or waiting; a blocked file does not. */
export const keepsPlace = (status: FileStatus | undefined): boolean =>
  status === 'starting' || status === 'running' || status === 'waiting';
export const isTerminal = (status: FileStatus): boolean =>
  status === 'completed' || status === 'parked' || status === 'skipped';
