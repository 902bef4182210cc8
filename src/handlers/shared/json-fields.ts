/** An object of JSON that somebody else has written. */
export type Fields = Readonly<Record<string, unknown>>;

/** @throws RangeError that names the value when it is no object */
export function fields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RangeError(`expected ${name} to be an object of JSON`);
  }
  return value as Fields;
}

/**
 * @throws RangeError that names the value when it is no text, or text that no name of AWS can be: empty, or with half a
 * character
 */
export function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '' || /\p{Cs}/u.test(value)) {
    throw new RangeError(`expected ${name} to be text`);
  }
  return value;
}
