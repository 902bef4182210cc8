import type { OptionChecks } from './option-checks.js';

/** The variables of a process, which are strings or not there. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables without the blanks around them, for values that may have been written by hand. */
export function trimmed(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value?.trim()]));
}

/** Reads variables that a construct sets, as they are: a key of an object may begin or end with a space. */
export class EnvironmentReader {
  readonly #env: Environment;
  readonly #setBy: string;
  readonly #checks: OptionChecks;

  /** @param setBy says in a problem who should have set the variable */
  constructor(env: Environment, setBy: string, checks: OptionChecks) {
    this.#env = env;
    this.#setBy = setBy;
    this.#checks = checks;
  }

  /** What `name` is set to; an empty string is not set. */
  optional(name: string): string | undefined {
    return this.#env[name] === '' ? undefined : this.#env[name];
  }

  /** What `name` is set to. Notes a problem, and returns an empty string, where it is not set. */
  required(name: string, what: string): string {
    const value = this.optional(name);
    this.#checks.that(value !== undefined, `expected \`${name}\` to be ${what}, but it is not set; ${this.#setBy}`);
    return value ?? '';
  }
}
