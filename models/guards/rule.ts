import type { Arrival, Decision, DispatchEvent, DispatchState, Outcome } from '../../src/runtime/dispatch/events.js';
import type { FileObject, FileRow, FileStatus } from '../../src/runtime/dispatch/rows.js';
import type { FileChange, Write } from '../../src/runtime/dispatch/store.js';

/** The fields of all events; each event has some of them. */
export interface Asked {
  readonly type: DispatchEvent['type'];
  readonly arrival?: Arrival;
  readonly object?: FileObject;
  readonly slot?: number;
  readonly epoch?: number;
  readonly worker?: string;
  readonly log?: string;
  readonly reason?: string;
  readonly result?: unknown;
  readonly final?: boolean;
  readonly retryAfterMs?: number;
  readonly afterMs?: number;
  readonly scope?: string;
  readonly correlationId?: string;
  readonly version?: Extract<DispatchEvent, { type: 'remove' }>['version'];
  readonly types?: Extract<DispatchEvent, { type: 'regroup' }>['types'];
}

export interface Context {
  readonly state: DispatchState;
  readonly event: Asked;
  readonly now: number;
  /** The file of the event, or of a claim; in rules for `absent`, the row that an arrival inserts. */
  readonly file: FileRow;
}

/** A condition on the rows that were read, and on the event. */
export interface Guard {
  readonly text: string;
  readonly holds: (context: Context) => boolean;
  /** The same condition on the variables of dispatch.pml, for a file `f` and the evidence `tok` and `inc`. */
  readonly promela?: string;
  /** No condition of the write repeats it: it holds at the read only. */
  readonly atRead?: true;
}

/** A part of what an event writes. */
export interface Effect {
  readonly text: string;
  /** Fields of the file. */
  readonly fields?: (context: Context) => Partial<Omit<FileChange, 'status'>>;
  /** Further rows, with the rows that were read as their condition. */
  readonly rows?: (context: Context) => readonly Write[];
}

/** In one of the states `from`, if every guard holds, the event has this outcome. No other rule then matches. */
export interface Rule {
  readonly event: DispatchEvent['type'];
  readonly from: readonly From[];
  readonly guards: readonly Guard[];
  readonly outcome: Outcome;
  /** Absent: the status stays. */
  readonly to?: FileStatus;
  readonly effects: readonly Effect[];
}

/** `any`: the event is not about the status of one file. */
export type From = FileStatus | 'absent' | 'any';

/** Not those of the implementation, which this specification is held against. */
export const statuses: readonly FileStatus[] = [
  'queued',
  'starting',
  'running',
  'waiting',
  'blocked',
  'completed',
  'parked',
  'skipped',
];

export type Expected = Decision & { readonly rules: readonly Rule[] };

export const not = (guard: Guard, text: string): Guard => ({
  ...guard,
  text,
  holds: (context) => !guard.holds(context),
  ...(guard.promela !== undefined && { promela: `!(${guard.promela})` }),
});
