import { type JobObject } from '../../contract/job-message.js';

/**
 * The rows that the dispatch protocol keeps, whatever engine stores them.
 *
 * Times are milliseconds since 1970.
 *
 *            arrive          claim            begin            complete
 *   (absent) ------> queued ------> starting ------> running ----------> completed
 *                      ^ |             | ^ retry        | | skip
 *                      | | remove,     | |              | +------> skipped
 *              redrive | | supersede,  v |              v
 *                      | | discard    waiting <---- (attempt over) ----> parked | blocked
 *                      | v                                                 |        |
 *                      +-------------------------------------------------- +--------+
 *
 * A file holds its place in the sequence from `starting` to `blocked`: the next one waits until it is completed, parked
 * or skipped.
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

/** What S3 said about the object; its sequencer is as `normalizeSequencer` makes it. */
export type FileObject = Omit<JobObject, 'reason'>;

/**
 * The rules of a file's type, pinned when the file is registered: a deployment never changes the rules of files that
 * wait.
 */
export interface FilePolicy {
  /** Attempts that reach a container, 1 or more. */
  readonly maxAttempts: number;
  /** What happens after the last one. */
  readonly exhausted: 'block' | 'park';
  /** The n-th retry waits `backoffMs * 2 ** (n - 1)`, at most `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** A running task that did not beat for so long is stopped. */
  readonly hangTimeoutMs: number;
  /** A task that runs longer is stopped. */
  readonly maxRuntimeMs: number;
}

export interface FileRow {
  readonly id: string;
  readonly type: string;
  /** Files of one sequence take turns; absent: the type is parallel without a limit. */
  readonly sequence?: string;
  /** Files of the sequence that may work at the same time. */
  readonly slots: number;
  /** Place in the sequence, compared as text. */
  readonly order: string;
  readonly status: FileStatus;
  /** Grows with every write; every write is conditional on the one that was read. */
  readonly rev: number;
  /** Grows with every claim and retry, never goes back: names one launch of this file. */
  readonly epoch: number;
  /** Attempts that count. */
  readonly attempts: number;
  /** Attempts that do not: refused launches, interrupted containers. */
  readonly interruptions: number;
  /** The slot that it holds, while it holds one. */
  readonly slot?: number;
  /** Version of the head at its claim; grows with every claim of the slot. */
  readonly fence?: number;
  /** The task that began, by ARN. */
  readonly worker?: string;
  /** Not to be claimed, or tried again, before. */
  readonly notBefore?: number;
  /** When the sweeper looks at it at the latest. */
  readonly dueAt?: number;
  readonly beganAt?: number;
  /** Why it was parked, blocked, skipped or is tried again; shown to operators. */
  readonly reason?: string;
  /** What the handler gave to `complete()`; JSON. */
  readonly result?: unknown;
  readonly object: FileObject;
  readonly policy: FilePolicy;
  readonly correlationId: string;
  readonly registeredAt: number;
  readonly updatedAt: number;
}

/** What a claim needs to know of a queued file; the queue holds it, so that a claim reads no file row. */
export type QueuedFile = Pick<
  FileRow,
  'id' | 'type' | 'status' | 'sequence' | 'slots' | 'order' | 'rev' | 'epoch' | 'attempts' | 'notBefore'
>;

/** One slot of a sequence; never deleted, so that its version never goes back. */
export interface HeadRow {
  readonly sequence: string;
  readonly slot: number;
  readonly version: number;
  /** The file that works in this slot. */
  readonly holder?: string;
  /** Greatest order that was claimed. */
  readonly last?: string;
  /** Late files that were appended so far. */
  readonly appended: number;
}

/** What is known of the versions of one object of a bucket without versioning. */
export interface KeyRow {
  readonly bucket: string;
  readonly key: string;
  readonly version: number;
  /** Greatest sequencer of a created object. */
  readonly created?: string;
  /** Greatest sequencer of a deleted object. */
  readonly deleted?: string;
  /** The file of `created`. */
  readonly file?: string;
  readonly updatedAt: number;
}

/** What an operator has paused; one row, which exists from the first pause on. */
export interface PauseRow {
  readonly version: number;
  /** By scope: the name of a type, which covers its sequences, the name of a sequence, or `*` for everything. */
  readonly scopes: Readonly<Record<string, Pause>>;
}

export interface Pause {
  readonly since: number;
  readonly reason: string;
}

/** Every pause is read with every claim: so many stay far below the size of a row. */
export const MAX_PAUSES = 100;
export const EVERYTHING = '*';

/** A claim whose task has not begun is looked at again after so long: it may not have been launched. */
export const LAUNCH_CHECK_MS = 15 * 60_000;

export const holdsSlot = (status: FileStatus): boolean =>
  status === 'starting' || status === 'running' || status === 'waiting' || status === 'blocked';
export const isPaused = (
  pauses: PauseRow | undefined,
  { type, sequence }: Pick<FileRow, 'type' | 'sequence'>,
): boolean =>
  [EVERYTHING, type, sequence].some(
    (scope) => scope !== undefined && pauses !== undefined && Object.hasOwn(pauses.scopes, scope),
  );
/**
 * A file keeps its place among those that may work at once while it works or is about to; one that waits for a person
 * does not.
 */
export const keepsPlace = (status: FileStatus | undefined): boolean =>
  status === 'starting' || status === 'running' || status === 'waiting';
export const isTerminal = (status: FileStatus): boolean =>
  status === 'completed' || status === 'parked' || status === 'skipped';
