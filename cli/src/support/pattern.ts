/**
 * Whether a pattern, in which `*` matches any text, matches the whole text.
 *
 * Each part is searched once, after the part before it, so that no key makes a pattern slow; a `RegExp` would backtrack
 * over a thousand hyphens.
 */
export function fitsPattern(pattern: string, text: string): boolean {
  const [first, ...parts] = pattern.split('*');
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
