import { Token } from 'aws-cdk-lib';
import { escapeWildcard, type KeyFilter } from './key-filter';

/** What a route takes, as far as two routes can be told apart by it. */
export interface RouteFilter {
  readonly key: KeyFilter;
  /** Bytes, both included. */
  readonly minSize: number;
  readonly maxSize: number;
  /** None means all. */
  readonly reasons: readonly string[];
}

/** Whether some object would be taken by both routes. Never says no wrongly; may say yes when only tokens could tell. */
export function overlaps(a: RouteFilter, b: RouteFilter): boolean {
  if (a.maxSize < b.minSize || b.maxSize < a.minSize) {
    return false;
  }
  if (a.reasons.length > 0 && b.reasons.length > 0 && !a.reasons.some((reason) => b.reasons.includes(reason))) {
    return false;
  }
  return globs(a.key).some((left) => globs(b.key).some((right) =>
    !isLeftOut(left, b.key) && !isLeftOut(right, a.key) && intersect(left, right),
  ));
}

type Glob = readonly Part[];
type Part = { readonly any: true } | { readonly any: false; readonly character: string; readonly ignoreCase: boolean };

function globs({ prefixes, suffixes, patterns, ignoreCase }: KeyFilter): Glob[] {
  if (patterns.length > 0) {
    return patterns.map((pattern) => parseGlob(pattern));
  }
  const starts = prefixes.length === 0 ? [''] : prefixes;
  const ends = suffixes.length === 0 ? [''] : suffixes;
  return starts.flatMap((start) => ends.map((end) => [...parseGlob(`${escapeWildcard(start)}*`), ...parseGlob(escapeWildcard(end), ignoreCase)]));
}

function parseGlob(pattern: string, ignoreCase = false): Glob {
  if (Token.isUnresolved(pattern)) {
    return [{ any: true }];
  }
  const parts: Part[] = [];
  let escaped = false;
  for (const character of pattern) {
    if (!escaped && character === '\\') {
      escaped = true;
      continue;
    }
    parts.push(!escaped && character === '*' ? { any: true } : { any: false, character, ignoreCase });
    escaped = false;
  }
  return parts;
}

/** Whether all that a glob takes is left out by the other route: sure, if an exclusion takes the glob read as a text. */
function isLeftOut(glob: Glob, { excludes }: KeyFilter): boolean {
  return excludes.some((exclude) => covers(parseGlob(exclude), glob));
}

/** Whether `outer` takes every text that `inner` takes; a star of `inner` only fits a star of `outer`. */
function covers(outer: Glob, inner: Glob, i = 0, j = 0): boolean {
  if (i === outer.length) {
    return j === inner.length;
  }
  const part = outer[i];
  if (part.any) {
    return covers(outer, inner, i + 1, j) || (j < inner.length && covers(outer, inner, i, j + 1));
  }
  const other = inner.at(j);
  return other !== undefined && coversCharacter(part.character, other) && covers(outer, inner, i + 1, j + 1);
}

/** A letter in one spelling leaves the others open. */
function coversCharacter(character: string, inner: Part): boolean {
  return !inner.any && inner.character === character && !(inner.ignoreCase && character.toLowerCase() !== character.toUpperCase());
}

/** Whether some text is taken by both globs. Walks the pairs of positions that a common text can reach. */
function intersect(a: Glob, b: Glob): boolean {
  const seen = new Set<string>();
  const pending: [number, number][] = [[0, 0]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [i, j] = pair;
    if (seen.has(`${i}:${j}`)) {
      continue;
    }
    seen.add(`${i}:${j}`);
    const left = a.at(i);
    const right = b.at(j);
    if (left === undefined && right === undefined) {
      return true;
    }
    if (left?.any) {
      pending.push([i + 1, j]);
    }
    if (right?.any) {
      pending.push([i, j + 1]);
    }
    if (left !== undefined && right !== undefined && sameCharacter(left, right)) {
      pending.push([left.any ? i : i + 1, right.any ? j : j + 1]);
    }
  }
  return false;
}

function sameCharacter(a: Part, b: Part): boolean {
  if (a.any || b.any) {
    // Two stars that both go on would go on for ever; each of them ends by itself above.
    return !(a.any && b.any);
  }
  return a.character === b.character || ((a.ignoreCase || b.ignoreCase) && a.character.toLowerCase() === b.character.toLowerCase());
}
