import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Glob, GlobPart } from '../../private/glob';
import { ValidationError } from '../../private/validation-error';

const ESCAPED = /\\[\\*]/g;

/** Throws for wildcard patterns that EventBridge refuses. */
export function checkWildcards(scope: Construct, prop: string, patterns: readonly string[]): void {
  for (const pattern of patterns.filter((text) => !Token.isUnresolved(text))) {
    const rest = pattern.replaceAll(ESCAPED, '');
    if (rest.includes('**')) {
      throw new ValidationError(
        `${prop} cannot contain two asterisks in a row, got: ${pattern}; one asterisk matches any text`,
        scope,
      );
    }
    if (rest.includes('\\')) {
      throw new ValidationError(
        String.raw`${prop} can contain a backslash only before an asterisk or another backslash, got: ${pattern}; write \\ for a backslash in a key`,
        scope,
      );
    }
  }
}

/** A literal string inside a wildcard pattern. */
export function escapeWildcard(literal: string): string {
  return literal.replace(/[\\*]/g, '\\$&');
}

/** A wildcard pattern for a comparison with others; a token can match any key. */
export function parseWildcard(pattern: string, ignoreCase = false): Glob {
  return Token.isUnresolved(pattern)
    ? [anyText]
    : [...pattern.matchAll(/\\?./gsu)].map(([text]) =>
        text === '*' ? anyText : { kind: 'is', character: text.replace(/^\\/, ''), ignoreCase },
      );
}

/** The same condition without a wildcard, which EventBridge limits: the whole key, its start or its end. */
export type PlainCondition = string | { readonly prefix: string } | { readonly suffix: string };

/** The condition without a wildcard, or undefined if the pattern needs one. */
export function withoutWildcard(pattern: string): PlainCondition | undefined {
  if (Token.isUnresolved(pattern)) {
    return undefined;
  }
  const glob = parseWildcard(pattern);
  const text = glob.map((part) => (part.kind === 'is' ? part.character : '')).join('');
  switch (glob.filter(({ kind }) => kind === 'any').length) {
    case 0:
      return text;
    case 1:
      return glob.at(-1) === anyText ? { prefix: text } : glob[0] === anyText ? { suffix: text } : undefined;
    default:
      return undefined;
  }
}

const anyText: GlobPart = { kind: 'any', within: false };
