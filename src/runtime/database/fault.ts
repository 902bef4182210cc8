/** What an error of a transaction says about whose fault it is. */
export type Fault =
  /** A row of a file: no retry will help. */
  | 'row'
  /** Another transaction was in the way: the same again will do. */
  | 'race'
  /** The connection: it is over, a new one may do. */
  | 'lost'
  /** The database refused who we say we are. */
  | 'credentials'
  /**
   * None of these: a missing table or right, a full disk, a timeout. It may be mended, and the file is not to blame.
   */
  | 'elsewhere';

/** Unsuitable data, violated constraints, an exception of a trigger, a view's check, a row that is too large. */
const ROW_CLASSES = new Set(['22', '23', '44', '54']);
const ROW_STATES = new Set(['P0001', '21000']);
/** Serialization failure, deadlock, lock not available. */
const RACE_STATES = new Set(['40001', '40P01', '55P03']);
/** Shutdowns of the server, and a primary that became a replica. */
const LOST_STATES = new Set(['57P01', '57P02', '57P03', '57P05', '25006', '25P03']);

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function faultOf(error: unknown): Fault {
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown };
  if (severity === undefined) {
    return isConnectionError(error) ? 'lost' : 'elsewhere';
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
  return state.startsWith('28') ? 'credentials' : 'elsewhere';
}

/** Node's errors of sockets have a code and a system call; those of `pg` have only their text. */
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
