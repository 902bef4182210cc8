/**
 * Whether the whole of a text is one of a pattern, in which `*` stands for any text.
 *
 * Every part is looked for behind the one before, and never again elsewhere, so that no key makes a pattern slow, as
 * `RegExp` would be in a thousand hyphens.
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
