import { type Size, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DispatchRule } from '../../../contract/dispatch-config';
import { checkBytes, checkExcluded } from '../../private/checks';
import { ValidationError } from '../../private/validation-error';
import type { DispatchTypeOptions } from '../dispatch-type-options';
import { compileAffixes, compileKeyPattern, type KeyPattern } from './key-pattern';

/** The conditions of a type, for the functions. */
export type TypeMatch = Pick<
  DispatchRule,
  'keys' | 'minSize' | 'maxSize' | 'contentTypes' | 'metadata' | 'tags' | 'matchFunction'
>;

export interface CompiledMatch {
  readonly match: TypeMatch;
  readonly patterns: readonly KeyPattern[];
}

/** Checks the conditions of a type. */
export function compileMatch(scope: Construct, options: DispatchTypeOptions): CompiledMatch {
  const { keys, prefixes, suffixes, minSize, maxSize, contentTypes, metadata, tags, matchFunction } = options;
  const conditions = { keys, prefixes, suffixes, minSize, maxSize, contentTypes, metadata, tags, matchFunction };
  if (Object.values(conditions).every((condition) => condition === undefined)) {
    throw new ValidationError(
      `a type needs at least one of ${Object.keys(conditions).join(', ')}; use keys: ['**'] for every file`,
      scope,
    );
  }
  if (keys !== undefined) {
    checkExcluded('keys', { prefixes, suffixes }, 'include them in the patterns: prefix**suffix', scope);
  }
  checkTexts(scope, { keys, prefixes, suffixes, contentTypes });
  checkNamed(scope, { metadata, tags });
  checkSizes(scope, minSize, maxSize);
  const patterns =
    keys?.map((key) => compileKeyPattern(key, scope)) ??
    (prefixes ?? ['']).flatMap((prefix) => (suffixes ?? ['']).map((suffix) => compileAffixes(prefix, suffix)));
  return {
    patterns,
    match: {
      keys: patterns.map(({ expression }) => expression),
      ...(minSize !== undefined && { minSize: minSize.toBytes() }),
      ...(maxSize !== undefined && { maxSize: maxSize.toBytes() }),
      ...(contentTypes !== undefined && { contentTypes: contentTypes.map((type) => mediaType(scope, type)) }),
      ...(metadata !== undefined && {
        metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value])),
      }),
      ...(tags !== undefined && { tags }),
      ...(matchFunction !== undefined && { matchFunction: matchFunction.functionArn }),
    },
  };
}

function mediaType(scope: Construct, type: string): string {
  const lower = type.toLowerCase();
  if (!/^[^\s/;,*]+\/(?:\*|[^\s/;,*]+)$/.test(lower)) {
    throw new ValidationError(`contentTypes must be like text/csv or image/*, without parameters, got: ${type}`, scope);
  }
  return lower;
}

function checkTexts(scope: Construct, lists: Readonly<Record<string, readonly string[] | undefined>>): void {
  for (const [prop, values] of Object.entries(lists)) {
    if (values?.length === 0 || values?.includes('')) {
      throw new ValidationError(
        `${prop} cannot be empty or contain an empty string; omit it, or use keys: ['**'] for every file`,
        scope,
      );
    }
    const unknown = values?.find((value) => Token.isUnresolved(value));
    if (unknown !== undefined) {
      throw new ValidationError(
        `${prop} must be known at synth, got: ${unknown}; use literal strings (no tokens)`,
        scope,
      );
    }
  }
}

function checkNamed(
  scope: Construct,
  maps: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>,
): void {
  for (const [prop, values] of Object.entries(maps)) {
    if (values !== undefined && Object.keys(values).filter((name) => name !== '').length === 0) {
      throw new ValidationError(`${prop} must contain at least one value; omit it to match every file`, scope);
    }
  }
}

function checkSizes(scope: Construct, minSize: Size | undefined, maxSize: Size | undefined): void {
  for (const [prop, size] of Object.entries({ minSize, maxSize })) {
    checkBytes(prop, size, { min: 0 }, scope);
  }
  if (minSize !== undefined && maxSize !== undefined && minSize.toBytes() > maxSize.toBytes()) {
    throw new ValidationError(
      `minSize cannot be more than maxSize, got: ${minSize.toBytes()} and ${maxSize.toBytes()} bytes`,
      scope,
    );
  }
}
