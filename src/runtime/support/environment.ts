import type { OptionChecks } from './option-checks.js';

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables with surrounding white space removed, for values that may have been written by hand. */
export function trimmed(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value?.trim()]));
}

/**
 * Reads environment variables set by a construct, and records every problem. Values are not trimmed: an object key may
 * begin or end with a space.
 */
export class EnvironmentReader {
  readonly #env: Environment;
  readonly #setBy: string;
  readonly #checks: OptionChecks;

  /** @param setBy names, in error messages, what sets the variables */
  constructor(env: Environment, setBy: string, checks: OptionChecks) {
    this.#env = env;
    this.#setBy = setBy;
    this.#checks = checks;
  }

  /** The value of `name`; an empty string counts as not set. */
  optional(name: string): string | undefined {
    return this.#env[name] === '' ? undefined : this.#env[name];
  }

  /** The value of `name`. Records a problem and returns an empty string if it is not set. */
  required(name: string, what: string): string {
    const value = this.optional(name);
    this.#checks.that(value !== undefined, `expected \`${name}\` to be ${what}, but it is not set; ${this.#setBy}`);
    return value ?? '';
  }

  url(name: string, what: string): string | undefined {
    const value = this.optional(name);
    this.#checks.that(
      value === undefined || URL.canParse(value),
      `expected \`${name}\` to be ${what}, got: ${String(value)}`,
    );
    return value;
  }

  integer(name: string, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.optional(name);
    if (value === undefined) {
      return undefined;
    }
    const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    this.#checks.that(
      number >= min && number <= max,
      `expected \`${name}\` to be a whole number ${range}, got: ${value}`,
    );
    return number;
  }

  oneOf(name: string, choices: readonly string[]): string | undefined {
    const value = this.optional(name);
    if (value !== undefined) {
      this.#checks.oneOf(name, value, choices);
    }
    return value;
  }
}
