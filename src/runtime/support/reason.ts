const MAX_LENGTH = 500;

/**
 * Why something failed, to be stored where people who may not read the data can see it: on dead-letter messages and in
 * tables.
 *
 * It has no content of a row, no secret and no signed URL: of a database's error, it has the state, table, column and
 * constraint, since the message quotes values; of other messages, queries and credentials in URLs are cut, and what is
 * quoted.
 */
export function reasonOf(error: unknown): string {
  try {
    return describe(error).slice(0, MAX_LENGTH);
  } catch {
    // A property of the error threw.
    return 'error that cannot be read';
  }
}

function describe(error: unknown): string {
  if (typeof error !== 'object' || error === null) {
    return `${typeof error} thrown`;
  }
  const { name, code, message, severity, table, column, constraint } = error as Readonly<Record<string, unknown>>;
  if (typeof severity === 'string' && typeof code === 'string') {
    const where = Object.entries({ table, column, constraint }).filter(([, value]) => typeof value === 'string');
    return [`SQLSTATE ${code}`, ...where.map(([kind, value]) => `${kind} ${String(value)}`)].join(', ');
  }
  const label = typeof name === 'string' && name !== 'Error' ? `${name}: ` : '';
  return `${label}${typeof message === 'string' ? withoutData(message) : 'no message'}`;
}

function withoutData(message: string): string {
  return (
    message
      .replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@"']*@)?([^\s?#"']*)[?#][^\s"']*/gi, '$1$2?…')
      .replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']*@/gi, '$1')
      // To the last quotation mark, since quoted content has some of its own; an apostrophe is inside a word.
      .replace(/"[^]*"/, '"…"')
      .replaceAll(/(?<!\w)'[^']*'/g, "'…'")
  );
}
