import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ValidationError } from '../../private/validation-error';

/** A function's whole environment has 4 KB; the rest of it is names. */
const MAX_CHARACTERS = 3_000;
/**
 * What only the deployment knows is an ARN or a URL, which has so many characters; or the id of a subnet or security
 * group, in a list, which has fewer.
 */
const UNKNOWN_CHARACTERS = { name: 110, listed: 24 } as const;

/**
 * Throws when what the functions must know of the types does not fit into their environment.
 *
 * @param what names it in the words of the user
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
