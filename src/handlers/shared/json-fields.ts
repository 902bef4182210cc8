/** A JSON object from an external source. */
export type Fields = Readonly<Record<string, unknown>>;

/** @throws RangeError that names the value if it is not an object */
export function fields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RangeError(`expected ${name} to be a JSON object`);
  }
  return value as Fields;
}

/**
 * @throws RangeError that names the value if it is not a string, or not valid as an AWS name: empty, or with lone
 * surrogates
 */
export function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '' || /\p{Cs}/u.test(value)) {
    throw new RangeError(`expected ${name} to be text`);
  }
  return value;
}
