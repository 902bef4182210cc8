import { Token } from 'aws-cdk-lib';
import type { Glob, GlobPart } from '../../private/glob';
import type { KeyPattern } from './key-pattern';

/**
 * The objects of a type below a prefix, as the beginnings of keys in ARNs. They include every key that the type matches
 * and, since ARNs know no folders and no case, some that it does not match.
 */
export function readableKeys(patterns: readonly KeyPattern[], prefix: string): string[] {
  return [...new Set(patterns.flatMap(({ glob }) => below(glob, prefix)))];
}

function below(glob: Glob, prefix: string): string[] {
  const start = leadingText(glob);
  if (!Token.isUnresolved(prefix) && start.startsWith(prefix)) {
    return [glob.map(arnText).join('').replace(/\*+$/, '')];
  }
  // The pattern is wider than the prefix
  return Token.isUnresolved(prefix) || prefix.startsWith(start) ? [prefix] : [];
}

function leadingText(glob: Glob): string {
  const end = glob.findIndex((part) => part.kind !== 'is' || part.ignoreCase);
  return glob
    .slice(0, end === -1 ? glob.length : end)
    .map((part) => (part.kind === 'is' ? part.character : ''))
    .join('');
}

/** Characters that are wildcards or variables in a policy, or that it cannot contain, become wildcards. */
function arnText(part: GlobPart): string {
  if (part.kind !== 'is') {
    return part.kind === 'any' ? '*' : '?';
  }
  const { character, ignoreCase } = part;
  if (!/^[\x20-\x7e]$/.test(character)) {
    return '*';
  }
  return /[*?$]/.test(character) || (ignoreCase && /[a-z]/i.test(character)) ? '?' : character;
}
