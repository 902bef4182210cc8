import type { Size } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { EventBridgeLimits } from '../../../contract/service-limits';
import { checkBytes, checkExcluded, orDefault } from '../../private/checks';
import { ValidationError } from '../../private/validation-error';
import type { IngestRouteOptions } from '../ingest-route-options';
import type { KeyPattern } from './key-filter';
import type { RouteFilter } from './route-overlap';
import { checkWildcards } from './wildcard';

/** Checks the conditions of a route. */
export function createRouteFilter(scope: Construct, options: IngestRouteOptions): RouteFilter {
  const { prefixes, suffixes, keyPatterns, excludeKeyPatterns, reasons, minSize, maxSize } = options;
  checkExcludedFilters(scope, options);
  for (const [prop, values] of Object.entries({ prefixes, suffixes, keyPatterns, excludeKeyPatterns, reasons })) {
    if (values?.length === 0 || values?.some((value) => value === '')) {
      throw new ValidationError(
        `${prop} cannot be empty or hold an empty string; omit it to match every object`,
        scope,
      );
    }
  }
  const rooted = prefixes?.find((prefix) => prefix.startsWith('/'));
  if (rooted !== undefined) {
    throw new ValidationError(
      `prefixes cannot start with a slash, because keys do not, got: ${rooted}; write ${rooted.replace(/^\/+/, '')}`,
      scope,
    );
  }
  checkWildcards(scope, 'keyPatterns', keyPatterns ?? []);
  checkWildcards(scope, 'excludeKeyPatterns', excludeKeyPatterns ?? []);
  checkSize(scope, 'minSize', minSize);
  checkSize(scope, 'maxSize', maxSize);
  const filter: RouteFilter = {
    key: {
      prefixes: prefixes ?? [],
      suffixes: suffixes ?? [],
      ignoreCase: suffixes !== undefined && !(options.caseSensitiveSuffixes ?? false),
      patterns: keyPatterns ?? [],
      excludes: excludeKeyPatterns ?? [],
    },
    minSize: minSize?.toBytes() ?? ((options.ignoreEmptyObjects ?? true) ? 1 : 0),
    maxSize: maxSize?.toBytes() ?? Infinity,
    reasons: reasons ?? [],
  };
  if (filter.minSize > filter.maxSize) {
    throw new ValidationError(
      `minSize cannot be more than maxSize, got: ${orDefault(filter.minSize, minSize)} and ${filter.maxSize} bytes`,
      scope,
    );
  }
  return filter;
}

/**
 * The detail of the event pattern: the object and the reason.
 *
 * @param key the alternatives of the key
 */
export function renderDetail(filter: RouteFilter, key: readonly KeyPattern[] | undefined): Record<string, unknown> {
  const size = renderSize(filter);
  const object = { ...(key && { key }), ...(size && { size }) };
  return {
    ...(Object.keys(object).length > 0 && { object }),
    ...(filter.reasons.length > 0 && { reason: filter.reasons }),
  };
}

/**
 * A comparison would exclude objects above 5,000,000,000 bytes, the largest number that EventBridge compares.
 * `anything-but` zero is no comparison, so it matches every object that is not empty.
 */
function renderSize({ minSize, maxSize }: RouteFilter): string[] | undefined {
  if (minSize <= 1 && maxSize === Infinity) {
    return minSize === 0 ? undefined : Match.anythingBut(0);
  }
  if (maxSize === Infinity) {
    return Match.greaterThanOrEqual(minSize);
  }
  return minSize === 0 ? Match.lessThanOrEqual(maxSize) : Match.interval(minSize, maxSize);
}

function checkSize(scope: Construct, prop: string, size: Size | undefined): void {
  const { maxComparableNumber } = EventBridgeLimits;
  checkBytes(prop, size, { min: 0 }, scope);
  if (size !== undefined && size.toBytes() > maxComparableNumber) {
    throw new ValidationError(
      `${prop} cannot be more than ${maxComparableNumber} bytes, the largest number that EventBridge compares, got: ${size.toBytes()}`,
      scope,
    );
  }
}

function checkExcludedFilters(scope: Construct, options: IngestRouteOptions): void {
  const { prefixes, suffixes, caseSensitiveSuffixes, keyPatterns, excludeKeyPatterns, ignoreEmptyObjects, minSize } =
    options;
  if (keyPatterns !== undefined) {
    checkExcluded(
      'keyPatterns',
      { prefixes, suffixes, excludeKeyPatterns },
      'EventBridge treats conditions on a key as alternatives; use one pattern for all',
      scope,
    );
  }
  if (excludeKeyPatterns !== undefined) {
    checkExcluded(
      'excludeKeyPatterns',
      { prefixes, suffixes },
      'EventBridge treats conditions on a key as alternatives; store excluded objects outside of the prefix',
      scope,
    );
  }
  if (suffixes === undefined) {
    checkExcluded(
      'no suffixes',
      { caseSensitiveSuffixes },
      'omit it, because prefixes and patterns are always case-sensitive',
      scope,
    );
  }
  if (minSize !== undefined) {
    checkExcluded('minSize', { ignoreEmptyObjects }, 'minSize already sets the minimum size', scope);
  }
}
