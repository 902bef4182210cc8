import { Token } from 'aws-cdk-lib';
import { commonText, literal, type Glob, type GlobPart } from '../../private/glob';
import type { KeyFilter } from './key-filter';
import { escapeWildcard, parseWildcard } from './wildcard';

/** The conditions of a route, for a comparison with other routes. */
export interface RouteFilter {
  readonly key: KeyFilter;
  /** Bytes, both included. */
  readonly minSize: number;
  readonly maxSize: number;
  /** Empty for all. */
  readonly reasons: readonly string[];
}

/**
 * A key that both routes match, or undefined if they have no object in common. Undefined is always correct; with
 * tokens, the key may be wrong, and it is empty if a common key exists but was not found.
 */
export function commonKey(a: RouteFilter, b: RouteFilter): string | undefined {
  if (a.maxSize < b.minSize || b.maxSize < a.minSize) {
    return undefined;
  }
  if (a.reasons.length > 0 && b.reasons.length > 0 && !a.reasons.some((reason) => b.reasons.includes(reason))) {
    return undefined;
  }
  const keys = globs(a.key).flatMap((left) =>
    globs(b.key).flatMap((right) =>
      isLeftOut(left, b.key) || isLeftOut(right, a.key) ? [] : (commonText(left, right) ?? []),
    ),
  );
  // An excluded key is no example, although others of the same form are.
  return keys.length === 0
    ? undefined
    : (keys.find((key) => ![a, b].some(({ key: filter }) => isLeftOut(literal(key), filter))) ?? '');
}

/** Whether some key below the prefix matches the route, as far as that is known at synth. */
export function matchesBelow(route: RouteFilter, prefix: string): boolean {
  const { prefixes, suffixes, patterns, excludes } = route.key;
  if ([prefix, ...prefixes, ...suffixes, ...patterns, ...excludes].some((text) => Token.isUnresolved(text))) {
    return false;
  }
  const key = { prefixes: [prefix], suffixes: [], patterns: [], excludes: [], ignoreCase: false };
  return commonKey(route, { key, minSize: 0, maxSize: Infinity, reasons: [] }) !== undefined;
}

function globs({ prefixes, suffixes, patterns, ignoreCase }: KeyFilter): Glob[] {
  if (patterns.length > 0) {
    return patterns.map((pattern) => parseWildcard(pattern));
  }
  const starts = prefixes.length === 0 ? [''] : prefixes;
  const ends = suffixes.length === 0 ? [''] : suffixes;
  return starts.flatMap((start) =>
    ends.map((end) => [
      ...parseWildcard(`${escapeWildcard(start)}*`),
      ...parseWildcard(escapeWildcard(end), ignoreCase),
    ]),
  );
}

/** Whether the other route excludes all keys of a glob: certain if an exclusion matches the glob as a literal. */
function isLeftOut(glob: Glob, { excludes }: KeyFilter): boolean {
  return excludes.some((exclude) => covers(parseWildcard(exclude), glob));
}

/**
 * Whether `outer` matches every text that `inner` matches; an asterisk of `inner` matches only an asterisk of `outer`.
 */
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
  if (outer.kind !== 'is' || inner.kind !== 'is') {
    return false;
  }
  const { character } = outer;
  return inner.character === character && !(inner.ignoreCase && character.toLowerCase() !== character.toUpperCase());
}
