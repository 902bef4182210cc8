import { type FileRow, type FileStatus, type HeadRow, type KeyRow, type PauseRow, type QueuedFile } from './rows.js';

/** Changed fields of a file; `undefined` removes a field. */
export type FileChange = { readonly status: FileStatus } & Partial<Omit<FileRow, 'id' | 'rev' | 'status' | 'sequence'>>;

/** A row that must not exist yet. */
export interface FileInsert {
  readonly kind: 'insert';
  readonly row: FileRow;
}

/** Conditional on `file.rev`; the new row has the next revision. */
export interface FileUpdate {
  readonly kind: 'update';
  readonly file: QueuedFile;
  readonly change: FileChange;
}

/**
 * Conditional on version and holder as read; `seen` absent: the row must not exist. Without `change` only the condition
 * is checked.
 */
export interface HeadWrite {
  readonly kind: 'head';
  readonly sequence: string;
  readonly slot: number;
  readonly seen?: { readonly version: number; readonly holder?: string };
  /** `holder: undefined` frees the slot. */
  readonly change?: Partial<Pick<HeadRow, 'version' | 'holder' | 'last' | 'appended'>>;
}

/** Conditional on the version as read; `seen` absent: the row must not exist. */
export interface KeyWrite {
  readonly kind: 'key';
  readonly seen?: number;
  readonly row: KeyRow;
}

/** Conditional on the version as read; `seen` absent: the row must not exist. */
export interface PauseWrite {
  readonly kind: 'pause';
  readonly seen?: number;
  readonly row: PauseRow;
}

export type Write = FileInsert | FileUpdate | HeadWrite | KeyWrite | PauseWrite;

/** Position in a queue. */
export type QueuePosition = Pick<FileRow, 'id' | 'order'>;

/** Index entry of a waiting, blocked or parked file. */
export type FailedFile = Pick<FileRow, 'id' | 'type'>;

/**
 * Storage of rows. Every read MUST see every commit that completed before it; reads from a secondary index or a replica
 * would violate the order of files. `dueFiles`, `listFailed` and `backlog` MAY be eventually consistent, because their
 * results are verified.
 */
export interface DispatchStore {
  file(id: string): Promise<FileRow | undefined>;
  heads(sequence: string): Promise<readonly HeadRow[]>;
  key(bucket: string, key: string): Promise<KeyRow | undefined>;
  pauses(): Promise<PauseRow | undefined>;
  /** The first files of the queue, in order; or the first ones after a position, for operators. */
  queued(sequence: string, limit: number, after?: QueuePosition): Promise<readonly QueuedFile[]>;
  /** Order of the last file of the queue. */
  lastQueued(sequence: string): Promise<string | undefined>;
  /** Commits all writes or none; false if a condition does not hold or a concurrent commit conflicts. */
  commit(writes: readonly Write[]): Promise<boolean>;
  /** Files that hold a slot and whose `dueAt` has passed. */
  dueFiles(now: number): AsyncIterable<string>;
  /**
   * Waiting, blocked or parked files of one type or of all types, including former ones, by type and order; those after
   * the file `after`, which need not have this status any more.
   */
  listFailed(
    status: 'waiting' | 'blocked' | 'parked',
    type?: string,
    after?: FailedFile & QueuePosition,
  ): AsyncIterable<FailedFile>;
  /**
   * Sequences with a queue, each once, and the first file of each queue; in circular order, starting after the sequence
   * `after`. With `toEnd`, the order is not circular: it ends with the last sequence.
   */
  backlog(after?: string, toEnd?: boolean): AsyncIterable<{ readonly sequence: string; readonly first: string }>;
}
