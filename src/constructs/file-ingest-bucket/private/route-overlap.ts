import { Token } from 'aws-cdk-lib';
import { commonText, type Glob, type GlobPart } from '../../private/glob';
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
    !isLeftOut(left, b.key) && !isLeftOut(right, a.key) && commonText(left, right) !== undefined,
  ));
}

const anyText: GlobPart = { kind: 'any', within: false };

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
    return [anyText];
  }
  const parts: GlobPart[] = [];
  let escaped = false;
  for (const character of pattern) {
    if (!escaped && character === '\\') {
      escaped = true;
      continue;
    }
    parts.push(!escaped && character === '*' ? anyText : { kind: 'is', character, ignoreCase });
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
  if (part.kind === 'any') {
    return covers(outer, inner, i + 1, j) || (j < inner.length && covers(outer, inner, i, j + 1));
  }
  const other = inner.at(j);
  return other !== undefined && coversCharacter(part, other) && covers(outer, inner, i + 1, j + 1);
}

/** A letter in one spelling leaves the others open. */
function coversCharacter(outer: GlobPart, inner: GlobPart): boolean {
  if (outer.kind !== 'is' || inner.kind !== 'is') return false;
  const { character } = outer;
  return inner.character === character && !(inner.ignoreCase && character.toLowerCase() !== character.toUpperCase());
}
