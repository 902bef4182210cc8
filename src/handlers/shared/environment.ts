/** Reads an environment variable that the construct sets. */
export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(
      `the environment variable ${name} is missing; the construct of this function sets it: deploy the stack again`,
    );
  }
  return value;
}

/** Reads a numeric environment variable. */
export function numberVariable(name: string): number {
  const text = variable(name);
  const value = Number(text);
  if (!Number.isFinite(value)) {
    throw new Error(
      `the environment variable ${name} must be a number, got: ${text}; the construct of this function sets it: deploy the stack again`,
    );
  }
  return value;
}
