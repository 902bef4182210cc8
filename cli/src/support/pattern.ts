/**
 * Whether a pattern, in which `*` matches any text, matches the whole text.
 */
export const fitsPattern = (pattern: string, text: string): boolean => fitsParts(pattern.split('*'), text);

/**
 * Whether the text consists of these parts, with any text between them.
 *
 * Each part is searched once, after the part before it, so that no key makes a pattern slow; a `RegExp` would backtrack
 * over a thousand hyphens.
 */
export function fitsParts([first, ...parts]: readonly string[], text: string): boolean {
  const last = parts.pop();
  if (last === undefined) {
    return text === first;
  }
  if (!text.startsWith(first) || !text.endsWith(last)) {
    return false;
  }
  let at = first.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) {
      return false;
    }
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
