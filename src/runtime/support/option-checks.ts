import { ConfigurationError } from '../errors.js';

/** Collects what is wrong with a set of options, so that all of it is reported together. */
export class OptionChecks {
  readonly #problems: string[] = [];

  number(
    name: string,
    value: unknown,
    rule: { readonly min: number; readonly max: number; readonly integer?: boolean },
  ): void {
    const kind = rule.integer === true ? 'an integer' : 'a number';
    const fits =
      typeof value === 'number' &&
      value >= rule.min &&
      value <= rule.max &&
      (rule.integer !== true || Number.isInteger(value));
    if (!fits) {
      const range =
        rule.max === Number.POSITIVE_INFINITY ? `of at least ${rule.min}` : `from ${rule.min} to ${rule.max}`;
      this.#problems.push(`expected \`${name}\` to be ${kind} ${range}, got: ${String(value)} (${typeof value})`);
    }
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
