/** A pattern of keys, for a comparison with another. */
export type Glob = readonly GlobPart[];

export type GlobPart =
  /** Any text; `within` a folder: without a slash. */
  | { readonly kind: 'any'; readonly within: boolean }
  /** One character, but no slash. */
  | { readonly kind: 'one' }
  | { readonly kind: 'is'; readonly character: string; readonly ignoreCase: boolean };

/** A literal text as a glob. */
export function literal(text: string, ignoreCase = false): Glob {
  return Array.from(text, (character) => ({ kind: 'is', character, ignoreCase }));
}

/** A short text that both globs match, or undefined. Searches the pairs of positions that a common text can reach. */
export function commonText(a: Glob, b: Glob): string | undefined {
  const seen = new Set<string>();
  const pending: [number, number, string][] = [[0, 0, '']];
  for (let pair = pending.shift(); pair !== undefined; pair = pending.shift()) {
    const [i, j, text] = pair;
    if (seen.has(`${i}:${j}`)) {
      continue;
    }
    seen.add(`${i}:${j}`);
    const left = a.at(i);
    const right = b.at(j);
    if (left === undefined && right === undefined) {
      return text;
    }
    if (left?.kind === 'any') {
      pending.push([i + 1, j, text]);
    }
    if (right?.kind === 'any') {
      pending.push([i, j + 1, text]);
    }
    const character = left && right && commonCharacter(left, right);
    if (character !== undefined) {
      pending.push([left?.kind === 'any' ? i : i + 1, right?.kind === 'any' ? j : j + 1, text + character]);
    }
  }
  return undefined;
}

/**
 * Two wildcards that both continue would never end; each can end by itself, and the text that both match can be empty.
 */
function commonCharacter(a: GlobPart, b: GlobPart): string | undefined {
  if (a.kind === 'any' && b.kind === 'any') {
    return undefined;
  }
  if (a.kind === 'is' && b.kind === 'is') {
    return sameCharacter(a, b) ? (a.ignoreCase ? b : a).character : undefined;
  }
  const character = a.kind === 'is' ? a.character : b.kind === 'is' ? b.character : 'x';
  return takes(a, character) && takes(b, character) ? character : undefined;
}

const takes = (part: GlobPart, character: string) =>
  part.kind === 'is' || character !== '/' || (part.kind === 'any' && !part.within);

function sameCharacter(a: Extract<GlobPart, { kind: 'is' }>, b: Extract<GlobPart, { kind: 'is' }>): boolean {
  return (
    a.character === b.character ||
    ((a.ignoreCase || b.ignoreCase) && a.character.toLowerCase() === b.character.toLowerCase())
  );
}
