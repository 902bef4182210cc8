import { Stack, Token } from 'aws-cdk-lib';
import type { EventPattern } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { OBJECT_EVENT_SOURCE } from '../../../contract/object-event';
import { EventBridgeLimits, S3BucketLimits } from '../../../contract/service-limits';
import { commonText } from '../../private/glob';
import { ValidationError } from '../../private/validation-error';
import { warn } from '../../private/warning';
import { globOf, renderKeyPatterns, type KeyPattern } from './key-filter';
import { renderDetail } from './route-filter';
import type { RouteFilter } from './route-overlap';

const { maxPatternCharacters, maxRaisedPatternCharacters } = EventBridgeLimits;

/** The event patterns of a route, one for each rule: several if one would be longer than EventBridge accepts. */
export function renderEventPatterns(
  scope: Construct,
  filter: RouteFilter,
  { bucketName, detailType }: { readonly bucketName: string; readonly detailType: string },
): EventPattern[] {
  const render = (key: readonly KeyPattern[] | undefined, name = bucketName): EventPattern => ({
    source: [OBJECT_EVENT_SOURCE],
    detailType: [detailType],
    detail: { bucket: { name: [name] }, ...renderDetail(filter, key) },
  });
  // A name that CloudFormation generates can be as long as S3 accepts
  const name = Token.isUnresolved(bucketName) ? 'x'.repeat(S3BucketLimits.maxNameCharacters) : bucketName;
  const charactersOf = (key: readonly KeyPattern[] | undefined) =>
    lengthOf(Stack.of(scope).resolve(render(key, name)) as EventPattern);
  const fits = (key: readonly KeyPattern[] | undefined) => charactersOf(key) <= maxPatternCharacters;
  const key = renderKeyPatterns(filter.key);
  const keys = key === undefined || fits(key) ? [key] : pack(groupByOverlap(key), fits);
  return keys.map((some) => {
    checkSize(scope, charactersOf(some));
    return render(some);
  });
}

/** Whether EventBridge counts the rule of this pattern as one with wildcards. */
export function hasWildcard(pattern: EventPattern): boolean {
  // Quotation marks inside of a key are escaped, so this is no key
  return JSON.stringify(pattern).includes('{"wildcard":');
}

/** The characters of the pattern, as CloudFormation sends it. */
function lengthOf({ source, detailType, detail }: EventPattern): number {
  return JSON.stringify({ source, 'detail-type': detailType, detail }).length;
}

/** Alternatives that match the same key must stay in one rule, or both rules would deliver its events. */
function groupByOverlap(key: readonly KeyPattern[]): KeyPattern[][] {
  let groups: KeyPattern[][] = [];
  for (const pattern of key) {
    const apart = groups.filter((group) => !group.some((other) => overlap(other, pattern)));
    const joined = groups.filter((group) => !apart.includes(group)).flat();
    groups = [...apart, [...joined, pattern]];
  }
  return groups;
}

function overlap(a: KeyPattern, b: KeyPattern): boolean {
  const [left, right] = [globOf(a), globOf(b)];
  return left === undefined || right === undefined || commonText(left, right) !== undefined;
}

/** Fills one rule after the other. */
function pack(groups: readonly KeyPattern[][], fits: (key: readonly KeyPattern[]) => boolean): KeyPattern[][] {
  const rules: KeyPattern[][] = [];
  for (const group of groups) {
    const last = rules.at(-1);
    if (last !== undefined && fits([...last, ...group])) {
      last.push(...group);
    } else {
      rules.push([...group]);
    }
  }
  return rules;
}

/** Up to the maximum of the API not an error, because the quota may have been raised. */
function checkSize(scope: Construct, characters: number): void {
  if (characters > maxRaisedPatternCharacters) {
    throw new ValidationError(
      `the conditions of the route cannot be split into event patterns of up to ${maxRaisedPatternCharacters} characters, the maximum of EventBridge, got: ${characters}; ` +
        'use fewer or shorter patterns, or add routes',
      scope,
    );
  }
  if (characters > maxPatternCharacters) {
    warn(
      scope,
      'FileIngestBucket.patternSize',
      `The event pattern has about ${characters} characters and cannot be split, and EventBridge accepts ${maxPatternCharacters} unless the quota was raised; ` +
        'use fewer or shorter patterns, add routes, or acknowledge this if the quota was raised',
    );
  }
}
