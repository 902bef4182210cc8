import { type FileRow, type FileStatus, type HeadRow, type KeyRow, type PauseRow, type QueuedFile } from './rows.js';

/** What a transition changes of a file; `undefined` removes. */
export type FileChange = { readonly status: FileStatus } & Partial<Omit<FileRow, 'id' | 'rev' | 'status' | 'sequence'>>;

/** A row that must not exist yet. */
export interface FileInsert {
  readonly kind: 'insert';
  readonly row: FileRow;
}

/** Conditional on `file.rev`; the new row has the next one. */
export interface FileUpdate {
  readonly kind: 'update';
  readonly file: QueuedFile;
  readonly change: FileChange;
}

/**
 * Conditional on version and holder as they were read; `seen` absent: the row must not exist yet. Without `change` it
 * only confirms.
 */
export interface HeadWrite {
  readonly kind: 'head';
  readonly sequence: string;
  readonly slot: number;
  readonly seen?: { readonly version: number; readonly holder?: string };
  /** `holder: undefined` frees the slot. */
  readonly change?: Partial<Pick<HeadRow, 'version' | 'holder' | 'last' | 'appended'>>;
}

/** Conditional on the version that was read; `seen` absent: the row must not exist yet. */
export interface KeyWrite {
  readonly kind: 'key';
  readonly seen?: number;
  readonly row: KeyRow;
}

/** Conditional on the version that was read; `seen` absent: the row must not exist yet. */
export interface PauseWrite {
  readonly kind: 'pause';
  readonly seen?: number;
  readonly row: PauseRow;
}

export type Write = FileInsert | FileUpdate | HeadWrite | KeyWrite | PauseWrite;

/** What an index tells of a file that waits, is blocked or is parked. */
export type FailedFile = Pick<FileRow, 'id' | 'type'>;

/**
 * Where rows live. Every read MUST see every commit that ended before it began; a secondary index or a replica breaks
 * the order of
 * files. `dueFiles`, `troubled` and `backlog` MAY lag behind: they only tell where to look.
 */
export interface DispatchStore {
  file(id: string): Promise<FileRow | undefined>;
  heads(sequence: string): Promise<readonly HeadRow[]>;
  key(bucket: string, key: string): Promise<KeyRow | undefined>;
  pauses(): Promise<PauseRow | undefined>;
  /** The first files of the queue, in order. */
  queued(sequence: string, limit: number): Promise<readonly QueuedFile[]>;
  /** Order of the last file of the queue. */
  lastQueued(sequence: string): Promise<string | undefined>;
  /** All writes or none: false when a condition does not hold, or when another commit is in the way. */
  commit(writes: readonly Write[]): Promise<boolean>;
  /** Files that hold a slot and whose `dueAt` has passed. */
  dueFiles(now: number): AsyncIterable<string>;
  /** Files that wait, are blocked or are parked, of every type that ever was or of one, by type and in order. */
  listFailed(status: 'waiting' | 'blocked' | 'parked', type?: string): AsyncIterable<FailedFile>;
  /**
   * Sequences with a queue, each once, and the first of their queue; in a circle that begins behind the sequence
   * `after`.
   */
  backlog(after?: string): AsyncIterable<{ readonly sequence: string; readonly first: string }>;
}
