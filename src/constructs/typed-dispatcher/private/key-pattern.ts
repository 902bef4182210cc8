import type { IConstruct } from 'constructs';
import { ValidationError } from '../../private/validation-error';

export interface KeyPattern {
  /** A regular expression of whole keys. */
  readonly expression: string;
  /** Names of its parts. */
  readonly parts: readonly string[];
}

const Tokens = /\{([^{}]*)\}|\*\*|\*|[^*{}]+|[{}]/g;

/** Compiles a pattern of keys: `*` within a folder, `**` anywhere, `{name}` a part. */
export function compileKeyPattern(pattern: string, scope: IConstruct): KeyPattern {
  if (pattern === '') throw new ValidationError('keys cannot hold an empty pattern; use ** for every key', scope);
  const parts: string[] = [];
  const expression = [...pattern.matchAll(Tokens)].map((found) => {
    const [token] = found;
    const name = found.at(1);
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (name !== undefined) {
      if (!/^[A-Za-z]\w{0,31}$/.test(name) || parts.includes(name)) {
        throw new ValidationError(`the parts of a key pattern need different names of 1 to 32 letters, digits and _, starting with a letter, got: {${name}} in ${pattern}`, scope);
      }
      parts.push(name);
      return `(?<${name}>[^/]+)`;
    }
    if (token === '{' || token === '}') throw new ValidationError(`{ and } must come in pairs in a key pattern, got: ${pattern}`, scope);
    return token.replaceAll(/[\\^$.|?+()[\]/-]/g, String.raw`\$&`).replaceAll(String.raw`\-`, '-');
  });
  return { expression: `^${expression.join('')}$`, parts };
}
