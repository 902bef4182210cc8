import { Token } from 'aws-cdk-lib';
import { IngestDefaults } from '../defaults';

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
  | { readonly prefix: string }
  | { readonly suffix: string | { readonly 'equals-ignore-case': string } }
  | { readonly wildcard: string }
  | { readonly 'anything-but': { readonly wildcard: readonly string[] } };

/**
 * The alternatives of an event pattern for a key, or undefined if every key matches.
 *
 * EventBridge treats the conditions on one field as alternatives: a prefix and a suffix would match either. Only a
 * wildcard requires both, and wildcards are case-sensitive. So a suffix with a prefix is expanded to its spellings. For
 * the same reason, an exclusion cannot be combined with a prefix.
 */
export function renderKeyPatterns({
  prefixes,
  suffixes,
  ignoreCase,
  patterns,
  excludes,
}: KeyFilter): KeyPattern[] | undefined {
  if (patterns.length > 0) {
    return patterns.map((wildcard) => ({ wildcard }));
  }
  if (excludes.length > 0) {
    return [{ 'anything-but': { wildcard: excludes } }];
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

/** A literal string inside a wildcard pattern. */
export function escapeWildcard(literal: string): string {
  return literal.replace(/[\\*]/g, '\\$&');
}
