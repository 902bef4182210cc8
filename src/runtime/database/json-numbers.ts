/** The result of `JSON.rawJSON`, which Node.js has and TypeScript 6 does not declare yet. */
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

/** Numbers with fewer digits are always exact. */
const MAYBE_INEXACT = /\d[\d.]{15,}/;

/**
 * Parses JSON without loss of precision: an integer beyond 2^53 or a decimal with twenty digits is kept as text for the
 * database.
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

/** The text of a number that a JavaScript number cannot represent. */
export const exactText = (value: object): string | undefined => (json.isRawJSON(value) ? value.rawJSON : undefined);

/** The same value with JavaScript numbers, for a validator. */
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
