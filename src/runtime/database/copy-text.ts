import { exactText } from './json-numbers.js';

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/**
 * One value in the text format of COPY; JSON for objects and arrays.
 *
 * @throws RangeError for a NUL byte, which PostgreSQL text cannot contain
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
export function copyText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return escaped(value);
    case 'number':
      return String(value);
    case 'boolean':
      return value ? 't' : 'f';
    case 'object':
      return value === null ? '\\N' : (exactText(value) ?? escaped(JSON.stringify(value)));
    default:
      return '\\N';
  }
}

function escaped(text: string): string {
  if (text.includes('\0')) {
    throw new RangeError('a NUL byte, which PostgreSQL text cannot contain');
  }
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (char) => ESCAPES[char] ?? char) : text;
}
