export type Variables = Readonly<Partial<Record<string, string>>>;

/**
 * The value of a word of a Dockerfile: without quotes and escapes, with its variables replaced, `${name:-default}` and
 * `${name:+other}` among them.
 *
 * @see https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
export function expand(word: string, variables: Variables, escape: string): string {
  let value = '';
  let quote = '';
  for (let at = 0; at < word.length; at += 1) {
    const character = word[at];
    if (character === quote) {
      quote = '';
    } else if (quote === "'") {
      value += character;
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
    } else if (character === escape && at + 1 < word.length) {
      at += 1;
      // Between double quotes, only these lose their escape character.
      value += quote === '"' && !['"', '$', escape].includes(word[at]) ? escape + word[at] : word[at];
    } else {
      const reference = character === '$' ? referenceAt(word, at) : undefined;
      value += reference ? valueOf(reference, variables, escape) : character;
      at += reference ? reference.length - 1 : 0;
    }
  }
  return value;
}

interface Reference {
  readonly length: number;
  readonly name: string;
  /** `:-`, `:+`, `-` or `+`; empty without one. */
  readonly operator: string;
  readonly operand: string;
}

function referenceAt(word: string, at: number): Reference | undefined {
  const found =
    /^\$(?:(?<plain>[A-Za-z_]\w*)|\{(?<name>[A-Za-z_]\w*)(?:(?<operator>:?[-+])(?<operand>(?:[^{}]|\$\{[^}]*\})*))?\})/.exec(
      word.slice(at),
    );
  const { plain, name = plain, operator = '', operand = '' } = found?.groups ?? {};
  return found ? { length: found[0].length, name, operator, operand } : undefined;
}

function valueOf({ name, operator, operand }: Reference, variables: Variables, escape: string): string {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  const isSet = operator.startsWith(':') ? Boolean(value) : value !== undefined;
  const other = (): string => expand(operand, variables, escape);
  if (operator.endsWith('+')) {
    return isSet ? other() : '';
  }
  return isSet || operator === '' ? (value ?? '') : other();
}
