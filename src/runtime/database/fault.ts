/** Cause of a failed transaction. */
export type Fault =
  /** A row of a file: a retry cannot succeed. */
  | 'row'
  /** A concurrent transaction: a retry can succeed. */
  | 'race'
  /** The connection was lost: a new one may succeed. */
  | 'lost'
  /** The database refused the credentials. */
  | 'credentials'
  /** Any other cause, independent of the file: a missing table or privilege, a full disk, a timeout. */
  | 'other';

/** Data exception, constraint violation, exception of a trigger, check option of a view, row too large. */
const ROW_CLASSES = new Set(['22', '23', '44', '54']);
const ROW_STATES = new Set(['P0001', '21000']);
/** Serialization failure, deadlock, lock not available. */
const RACE_STATES = new Set(['40001', '40P01', '55P03']);
/** Server shutdown, and failover of the primary. */
const LOST_STATES = new Set(['57P01', '57P02', '57P03', '57P05', '25006', '25P03']);

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function faultOf(error: unknown): Fault {
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown };
  if (severity === undefined) {
    return isConnectionError(error) ? 'lost' : 'other';
  }
  const state = String(code);
  if (ROW_CLASSES.has(state.slice(0, 2)) || ROW_STATES.has(state)) {
    return 'row';
  }
  if (RACE_STATES.has(state)) {
    return 'race';
  }
  if (state.startsWith('08') || LOST_STATES.has(state)) {
    return 'lost';
  }
  return state.startsWith('28') ? 'credentials' : 'other';
}

/** Socket errors of Node.js have a code and a system call; those of `pg` have only a message. */
function isConnectionError(error: unknown): boolean {
  const { code, syscall, message } = error as {
    readonly code?: unknown;
    readonly syscall?: unknown;
    readonly message?: unknown;
  };
  return (
    (typeof syscall === 'string' && typeof code === 'string') ||
    (typeof message === 'string' &&
      /^(?:Connection terminated|timeout expired|Client has encountered a connection error|Client was closed)/.test(
        message,
      ))
  );
}
