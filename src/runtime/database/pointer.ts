import { ConfigurationError } from '../errors.js';

/** A parsed JSON pointer. @see https://www.rfc-editor.org/rfc/rfc6901 */
export interface Pointer {
  readonly text: string;
  readonly steps: readonly string[];
}

export function pointerOf(text: string): Pointer {
  if (text !== '' && !text.startsWith('/')) {
    throw new ConfigurationError([`expected a JSON pointer that is empty or begins with a slash, got: ${text}`]);
  }
  return {
    text,
    steps: text
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')),
  };
}

/** The value at the pointer; undefined if there is none. */
export function resolvePointer(value: unknown, { steps }: Pointer): unknown {
  let at = value;
  for (const step of steps) {
    // Inherited properties are ignored
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) {
      return undefined;
    }
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

/** The pointer of a property. */
export const pointerTo = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
