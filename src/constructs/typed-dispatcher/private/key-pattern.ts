import type { IConstruct } from 'constructs';
import { type Glob, type GlobPart, literal } from '../../private/glob';
import { ValidationError } from '../../private/validation-error';

export interface KeyPattern {
  /** A regular expression for whole keys. */
  readonly expression: string;
  /** Names of its parts. */
  readonly parts: readonly string[];
  /** The glob, for a comparison with other patterns. */
  readonly glob: Glob;
}

const TOKENS = /\{([^{}]*)\}|\*\*|\*|\\.?|[^*{}\\]+|[{}]/gsu;
const anyText: GlobPart = { kind: 'any', within: false };
const anyTextWithin: GlobPart = { kind: 'any', within: true };

/** Compiles a pattern of keys: `*` within a folder, `**` anywhere, `{name}` a part, a backslash before a literal. */
export function compileKeyPattern(pattern: string, scope: IConstruct): KeyPattern {
  if (pattern === '') {
    throw new ValidationError('keys cannot include an empty pattern; use ** for every key', scope);
  }
  const parts: string[] = [];
  const glob: GlobPart[] = [];
  const expression = [...pattern.matchAll(TOKENS)].map((found) => {
    const [token] = found;
    const name = found.at(1);
    if (token === '**') {
      glob.push(anyText);
      return '.*';
    }
    if (token === '*') {
      glob.push(anyTextWithin);
      return '[^/]*';
    }
    if (name !== undefined) {
      if (!/^[A-Za-z]\w{0,31}$/.test(name) || parts.includes(name)) {
        throw new ValidationError(
          `the parts of a key pattern need unique names of 1 to 32 letters, digits and _, starting with a letter, got: {${name}} in ${pattern}`,
          scope,
        );
      }
      parts.push(name);
      glob.push({ kind: 'one' }, anyTextWithin);
      return `(?<${name}>[^/]+)`;
    }
    if (token === '{' || token === '}') {
      throw new ValidationError(`{ and } must be paired in a key pattern, got: ${pattern}`, scope);
    }
    const text = token.startsWith('\\') ? unescape(token, pattern, scope) : token;
    glob.push(...literal(text));
    return escape(text);
  });
  return { expression: `^${expression.join('')}$`, parts, glob };
}

function unescape(token: string, pattern: string, scope: IConstruct): string {
  if (!/^\\[\\*{}]$/.test(token)) {
    throw new ValidationError(
      String.raw`keys can contain a backslash only before *, {, } or another backslash, got: ${pattern}; write \\ for a backslash in a key`,
      scope,
    );
  }
  return token.slice(1);
}

/** Keys with a prefix and a suffix, which is case-insensitive. */
export function compileAffixes(prefix: string, suffix: string): KeyPattern {
  const ending = Array.from(suffix, (character) => {
    const spellings = new Set(
      [character.toLowerCase(), character.toUpperCase()].filter(({ length }) => length === character.length),
    );
    return spellings.size > 1 ? `[${[...spellings].join('')}]` : escape(character);
  });
  return {
    expression: `^${escape(prefix)}.*${ending.join('')}$`,
    parts: [],
    glob: [...literal(prefix), anyText, ...literal(suffix, true)],
  };
}

const escape = (text: string) => text.replaceAll(/[\\^$.*|?+()[\]{}/]/g, String.raw`\$&`);
