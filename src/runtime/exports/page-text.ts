/** A whole number with more digits may not be exact as a number of JavaScript. */
const LONG_NUMBER = /\d{16}/;

/**
 * Parses the body of a page. Whole numbers beyond 2^53 become text, as they are written: ids of 64 bits stay the same.
 *
 * @throws SyntaxError unless it is JSON
 * @throws RangeError for an unknown character set
 */
export function parsePage(bytes: Uint8Array, contentType: string | null): unknown {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  const text = new TextDecoder(charset).decode(bytes);
  return LONG_NUMBER.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
}

function exact(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? source
    : value;
}
