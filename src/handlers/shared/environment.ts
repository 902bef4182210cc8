/** Reads a variable that the construct has written. */
export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(
      `the environment variable ${name} is missing; the construct that made this function writes it, so deploy it again`,
    );
  }
  return value;
}

/** Reads a variable that holds a number. */
export function numberVariable(name: string): number {
  const text = variable(name);
  const value = Number(text);
  if (!Number.isFinite(value)) {
    throw new Error(
      `the environment variable ${name} must be a number, got: ${text}; the construct that made this function writes it, so deploy it again`,
    );
  }
  return value;
}
