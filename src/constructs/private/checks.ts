import { SizeRoundingBehavior, Token, type Duration, type Size } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ValidationError } from './validation-error';

/** Inclusive range of a number and the unit that a message shows with it. */
export interface Range {
  readonly min: number;
  readonly max?: number;
  readonly unit?: string;
  /**
   * Whether a token passes: only for a value that goes unchanged into a number property of CloudFormation. Computed
   * with, or in a text, it would be the number with which the CDK stands for a token, such as -1.888e+289.
   */
  readonly tokens?: boolean;
}

/** The units of durations, in milliseconds. */
const UNITS = { seconds: 1_000, minutes: 60_000, hours: 3_600_000, days: 86_400_000 } as const;

/** Throws unless `value` is a whole number in the range. */
export function checkWholeNumber(prop: string, value: number | undefined, range: Range, scope?: IConstruct): void {
  if (value === undefined || passes(prop, value, range, scope)) {
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

/** Throws unless `value` is more than 0 and at most `max`. Fractions pass. */
export function checkPositive(prop: string, value: number | undefined, scope?: IConstruct, max?: number): void {
  checkKnown(prop, value, scope);
  if (value === undefined || (Number.isFinite(value) && value > 0 && value <= (max ?? Number.MAX_SAFE_INTEGER))) {
    return;
  }
  const bound = max === undefined ? '' : ` and at most ${max}`;
  throw new ValidationError(`${prop} must be more than 0${bound}, got: ${value}`, scope);
}

/** Throws unless the duration is a whole number of its unit in the range; by default of seconds. */
export function checkDuration(
  prop: string,
  value: Duration | undefined,
  { unit = 'seconds', ...range }: Range & { readonly unit?: keyof typeof UNITS },
  scope?: IConstruct,
): void {
  if (value !== undefined && !passes(prop, value, range, scope)) {
    const amount = value.toMilliseconds({ integral: false }) / UNITS[unit];
    checkWholeNumber(prop, amount, { ...range, unit }, scope);
  } else if (value !== undefined && value.unitLabel() !== unit) {
    throw new ValidationError(
      `${prop} must be Duration.${unit}() for a token, which cannot be converted, got: Duration.${value.unitLabel()}()`,
      scope,
    );
  }
}

/** Throws unless the size is a whole number of bytes in the range. */
export function checkBytes(
  prop: string,
  value: Size | undefined,
  range: Omit<Range, 'unit'>,
  scope?: IConstruct,
): void {
  checkKnown(prop, value, scope);
  checkWholeNumber(prop, value?.toBytes({ rounding: SizeRoundingBehavior.NONE }), { ...range, unit: 'bytes' }, scope);
}

/** Throws for a token, whose value synth needs. */
export function checkKnown(prop: string, value: number | Duration | Size | undefined, scope?: IConstruct): void {
  if (value === undefined || !isToken(value)) {
    return;
  }
  const kind = typeof value === 'number' ? 'number' : 'unitLabel' in value ? 'duration' : 'size';
  throw new ValidationError(
    `${prop} must be known at synth, because other values are computed from it; use a literal ${kind} (no token)`,
    scope,
  );
}

function passes(prop: string, value: number | Duration, { tokens = false }: Range, scope?: IConstruct): boolean {
  if (!tokens) {
    checkKnown(prop, value, scope);
  }
  return isToken(value);
}

function isToken(value: number | Duration | Size): boolean {
  return typeof value === 'number' ? Token.isUnresolved(value) : value.isUnresolved();
}

/** Throws for an id of a user that is empty, or that another child of `scope` has. */
export function checkNewId(what: string, id: string, scope: IConstruct, childId = id): void {
  if (id.trim() === '' || scope.node.tryFindChild(childId) !== undefined) {
    throw new ValidationError(
      `${what} needs a name that is not empty and that no other part of the construct has, got: '${id}'; use another one`,
      scope,
    );
  }
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
