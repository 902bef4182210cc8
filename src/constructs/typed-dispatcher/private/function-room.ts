import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ValidationError } from '../../private/validation-error';

/** The environment of a function has at most 4 KB; the rest is for names. */
const MAX_CHARACTERS = 3_000;
/**
 * Assumed length of a token: an ARN or a URL; or, in a list, the id of a subnet or security group, which is shorter.
 */
const UNKNOWN_CHARACTERS = { name: 110, listed: 24 } as const;

/**
 * Throws if the configuration of the types does not fit into the environment of the functions.
 *
 * @param what name of the configuration in the message
 */
export function checkRoom(what: string, value: unknown, scope: IConstruct): void {
  const length = JSON.stringify(value, (_, inner: unknown) => withLength(inner)).length;
  if (length <= MAX_CHARACTERS) {
    return;
  }
  throw new ValidationError(
    `${what} take about ${length} characters, and ${MAX_CHARACTERS} fit into the environment of a function; use fewer types, shorter patterns, or a second dispatcher`,
    scope,
  );
}

function withLength(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((one: unknown) => (isUnknown(one) ? 'x'.repeat(UNKNOWN_CHARACTERS.listed) : one));
  }
  return isUnknown(value) ? 'x'.repeat(UNKNOWN_CHARACTERS.name) : value;
}

const isUnknown = (value: unknown) => typeof value === 'string' && Token.isUnresolved(value);
