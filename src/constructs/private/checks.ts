import { Token, type Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ValidationError } from './validation-error';

/** Inclusive range of a number and the unit that a message shows with it. */
export interface Range {
  readonly min: number;
  readonly max?: number;
  readonly unit?: string;
}

/** Throws unless `value` is a whole number in the range. Tokens pass, because their values are unknown at synth. */
export function checkWholeNumber(prop: string, value: number | undefined, range: Range, scope?: IConstruct): void {
  if (value === undefined || Token.isUnresolved(value)) {
    return;
  }
  const { min, max = Number.MAX_SAFE_INTEGER, unit } = range;
  if (Number.isInteger(value) && value >= min && value <= max) {
    return;
  }
  const kind = unit === undefined ? 'a whole number' : `a whole number of ${unit}`;
  const bounds = range.max === undefined ? `${min} or more` : `from ${min} to ${max}`;
  throw new ValidationError(`${prop} must be ${kind} ${bounds}, got: ${value}`, scope);
}

/** Throws unless the duration is a whole number of seconds in the range. Tokens pass. */
export function checkSeconds(
  prop: string,
  value: Duration | undefined,
  range: Omit<Range, 'unit'>,
  scope?: IConstruct,
): void {
  if (value === undefined || value.isUnresolved()) {
    return;
  }
  checkWholeNumber(prop, value.toMilliseconds() / 1_000, { ...range, unit: 'seconds' }, scope);
}

/** A value in a message, marked as the default if the user did not set it. */
export function orDefault(value: number | string, given: unknown): string {
  return given === undefined ? `${value} (the default)` : String(value);
}

/** Throws if any of the props is set; the message names what excludes it and the remedy. */
export function checkExcluded(
  given: string,
  excluded: Readonly<Record<string, unknown>>,
  remedy: string,
  scope: IConstruct,
): void {
  const set = Object.entries(excluded)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (set.length > 0) {
    throw new ValidationError(`${set.join(', ')} cannot be set together with ${given}; ${remedy}`, scope);
  }
}
