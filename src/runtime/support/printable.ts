/** The most characters of a foreign text that go into a message. */
const MAX_LENGTH = 200;

/**
 * A text that comes from outside, such as the name of an entry or a key of S3, made safe for a log: it must not start a
 * new line, colour a terminal, change
 * the direction of what follows or fill a disk.
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
