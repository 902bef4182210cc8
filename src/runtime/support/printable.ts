/** Maximum number of characters of external text in a message. */
const MAX_LENGTH = 200;

/**
 * Makes external text, such as an entry name or an S3 key, safe for logs: no line breaks, terminal escape sequences or
 * bidirectional control characters, and a limited length.
 */
export function printable(text: string): string {
  const escaped = text
    .slice(0, MAX_LENGTH)
    .replace(
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}"\\]/gu,
      (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    );
  return text.length > MAX_LENGTH ? `${escaped}…` : escaped;
}
