/** Depth to which causes are checked; logs show no more. */
const MAX_CAUSES = 4;
const UNREADABLE = 'an error that cannot be read was thrown: reading its properties throws';

/** The text of a thrown value, whatever it is: anything can be thrown, and its properties can throw. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    const { message } = (thrown ?? {}) as { readonly message?: unknown };
    return typeof message === 'string' ? message : String(thrown);
  } catch {
    return UNREADABLE;
  }
}

/**
 * A thrown value that loggers, listeners and wrappers of jobs can read without a `try`: the value itself, or an error
 * in place of nothing (`undefined`, `null`) and of a value whose properties throw. Never throws.
 */
export function readable(thrown: unknown): unknown {
  if (thrown === undefined || thrown === null) {
    return new Error(`${String(thrown)} was thrown instead of an error`);
  }
  try {
    read(thrown, 0);
    return thrown;
  } catch {
    return new Error(UNREADABLE);
  }
}

/** Reads what loggers and tracers read of an error. @throws what a property throws */
function read(thrown: unknown, depth: number): void {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null || depth > MAX_CAUSES) {
    return;
  }
  const properties = thrown as Readonly<Record<string, unknown>>;
  const { name, message, stack, code, cause } = properties;
  [name, message, stack, code, ...(typeof properties.toString === 'function' ? [thrown] : [])].forEach(String);
  // What `instanceof` and serializers do: a proxy can throw at either.
  Object.getPrototypeOf(thrown);
  Object.values(thrown);
  read(cause, depth + 1);
}
