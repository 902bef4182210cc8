/** What `JSON.rawJSON` makes, which Node.js has and TypeScript 6 does not know yet. */
interface RawJson {
  readonly rawJSON: string;
}

interface JsonWithSource {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
}

const json = JSON as unknown as JsonWithSource;

/** Fewer digits than these always survive as a number. */
const MAYBE_INEXACT = /\d[\d.]{15,}/;

/**
 * Parses JSON without changing its numbers: an integer beyond 2^53 or a decimal of twenty digits stays the text that it
 * was, for the database to read.
 *
 * @see https://tc39.es/proposal-json-parse-with-source/
 */
export function parseExactly(text: string): unknown {
  if (!MAYBE_INEXACT.test(text)) {
    return JSON.parse(text);
  }
  return json.parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined && source.length > 15 && String(value) !== source
      ? json.rawJSON(source)
      : value,
  );
}

/** The text of a number that a JavaScript number cannot hold. */
export const exactText = (value: object): string | undefined => (json.isRawJSON(value) ? value.rawJSON : undefined);

/** The same value with numbers as JavaScript has them, for a validator. */
export function withPlainNumbers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const exact = exactText(value);
  if (exact !== undefined) {
    return Number(exact);
  }
  if (Array.isArray(value)) {
    return value.map(withPlainNumbers);
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withPlainNumbers(inner)]));
}
