import { Token } from 'aws-cdk-lib';
import { literal, type Glob } from '../../private/glob';
import { IngestDefaults } from '../defaults';
import { escapeWildcard, parseWildcard, withoutWildcard, type PlainCondition } from './wildcard';

/** A condition on object keys; `patterns` and `excludes` cannot be combined with others. */
export interface KeyFilter {
  readonly prefixes: readonly string[];
  readonly suffixes: readonly string[];
  readonly ignoreCase: boolean;
  /** Wildcard patterns of matching keys. */
  readonly patterns: readonly string[];
  /** Wildcard patterns of excluded keys. */
  readonly excludes: readonly string[];
}

/** One alternative of an event pattern. */
export type KeyPattern =
  | PlainCondition
  | { readonly suffix: string | { readonly 'equals-ignore-case': string } }
  | { readonly wildcard: string }
  | { readonly 'anything-but': PlainCondition | readonly PlainCondition[] | { readonly wildcard: readonly string[] } };

/**
 * The alternatives of an event pattern for a key, or undefined if every key matches.
 *
 * EventBridge treats the conditions on one field as alternatives: a prefix and a suffix would match either. Only a
 * wildcard requires both, and wildcards are case-sensitive. So a suffix with a prefix is expanded to its spellings. For
 * the same reason, an exclusion cannot be combined with a prefix. A bus has a quota of rules with wildcards, so a
 * prefix, a suffix or a whole key replaces a wildcard where it can.
 */
export function renderKeyPatterns({
  prefixes,
  suffixes,
  ignoreCase,
  patterns,
  excludes,
}: KeyFilter): KeyPattern[] | undefined {
  if (patterns.length > 0) {
    return patterns.map((wildcard) => withoutWildcard(wildcard) ?? { wildcard });
  }
  if (excludes.length > 0) {
    return [{ 'anything-but': renderExcludes(excludes) }];
  }
  if (suffixes.length === 0) {
    return prefixes.length === 0 ? undefined : prefixes.map((prefix) => ({ prefix }));
  }
  if (prefixes.length === 0) {
    return suffixes.map((suffix) => ({ suffix: ignoreCase ? { 'equals-ignore-case': suffix } : suffix }));
  }
  const endings = endingsOf({ suffixes, ignoreCase });
  return prefixes.flatMap((prefix) =>
    endings.map((ending) => ({ wildcard: `${escapeWildcard(prefix)}*${escapeWildcard(ending)}` })),
  );
}

/** EventBridge documents a list of whole values and of wildcards, but only one prefix or one suffix. */
function renderExcludes(excludes: readonly string[]): Extract<KeyPattern, { 'anything-but': unknown }>['anything-but'] {
  const plain = excludes.flatMap((exclude) => withoutWildcard(exclude) ?? []);
  const hasPlainForm =
    plain.length === excludes.length &&
    (plain.length === 1 || plain.every((condition) => typeof condition === 'string'));
  return hasPlainForm ? (plain.length === 1 ? plain[0] : plain) : { wildcard: excludes };
}

/** The keys of an alternative, for a comparison with others; undefined for an exclusion, which is the only one. */
export function globOf(pattern: KeyPattern): Glob | undefined {
  if (typeof pattern === 'string') {
    return literal(pattern);
  }
  if ('prefix' in pattern) {
    return parseWildcard(`${escapeWildcard(pattern.prefix)}*`);
  }
  if ('wildcard' in pattern) {
    return parseWildcard(pattern.wildcard);
  }
  if ('suffix' in pattern) {
    const { suffix } = pattern;
    return typeof suffix === 'string'
      ? parseWildcard(`*${escapeWildcard(suffix)}`)
      : parseWildcard(`*${escapeWildcard(suffix['equals-ignore-case'])}`, true);
  }
  return undefined;
}

/** The suffixes for a case-sensitive filter: expanded to their spellings if case is ignored. */
export function endingsOf({ suffixes, ignoreCase }: Pick<KeyFilter, 'suffixes' | 'ignoreCase'>): string[] {
  return [...new Set(ignoreCase ? suffixes.flatMap(spellings) : suffixes)];
}

/** Every spelling of a short suffix; of a longer one, the common ones: as given, `.parquet`, `.PARQUET`, `.Parquet`. */
export function spellings(suffix: string): string[] {
  if (Token.isUnresolved(suffix)) {
    return [suffix];
  }
  const lower = suffix.toLowerCase();
  const letters = Array.from(suffix).filter((character) => character.toLowerCase() !== character.toUpperCase());
  if (letters.length > IngestDefaults.lettersInEverySpelling) {
    const capitalized = lower.replace(/\p{L}/u, (letter) => letter.toUpperCase());
    return [...new Set([suffix, lower, suffix.toUpperCase(), capitalized])];
  }
  let all = [''];
  for (const character of lower) {
    const cases = new Set([character, character.toUpperCase()]);
    all = all.flatMap((start) => [...cases].map((next) => start + next));
  }
  return all;
}
