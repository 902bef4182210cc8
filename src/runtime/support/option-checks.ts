import { ConfigurationError } from '../errors.js';

export interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
  /** Accepts `Infinity` in addition to an integer up to `max`. */
  readonly orInfinity?: boolean;
}

export const AT_LEAST_ONE: NumberRule = { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true };

/** Validates options and collects all problems, so that they are reported together. */
export class OptionChecks {
  readonly #problems: string[] = [];

  number(name: string, value: unknown, rule: NumberRule): void {
    const fits =
      typeof value === 'number' &&
      ((value >= rule.min && value <= rule.max && (rule.integer !== true || Number.isInteger(value))) ||
        (rule.orInfinity === true && value === Infinity));
    this.that(
      fits,
      `expected \`${name}\` to be ${rule.integer === true ? 'an integer' : 'a number'} ${rangeOf(rule)}, got: ${String(value)} (${typeof value})`,
    );
  }

  oneOf(name: string, value: string | undefined, choices: readonly string[]): void {
    this.that(
      value !== undefined && choices.includes(value),
      `expected \`${name}\` to be one of ${choices.join(', ')}, got: ${String(value)}`,
    );
  }

  that(condition: boolean, problem: string): void {
    if (!condition) {
      this.#problems.push(problem);
    }
  }

  add(problems: readonly string[]): void {
    this.#problems.push(...problems);
  }

  /** @throws ConfigurationError with every problem found */
  done(): void {
    if (this.#problems.length > 0) {
      throw new ConfigurationError(this.#problems);
    }
  }
}

/** The value of a single option. @throws ConfigurationError if it is invalid */
export function checkedNumber(name: string, value: number, rule: NumberRule): number {
  const checks = new OptionChecks();
  checks.number(name, value, rule);
  checks.done();
  return value;
}

function rangeOf({ min, max, orInfinity = false }: NumberRule): string {
  const range = max >= Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return orInfinity ? `${range}, or Infinity` : range;
}
