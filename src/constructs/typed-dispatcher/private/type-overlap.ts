import { commonText } from '../../private/glob';
import type { CompiledMatch, TypeMatch } from './type-match';

/**
 * A key of a file that both types match, or undefined. Also undefined if a match function decides, because its result
 * is unknown at synth.
 */
export function commonKey(a: CompiledMatch, b: CompiledMatch): string | undefined {
  if (a.match.matchFunction !== undefined || b.match.matchFunction !== undefined || areApart(a.match, b.match)) {
    return undefined;
  }
  for (const { glob: left } of a.patterns) {
    for (const { glob: right } of b.patterns) {
      const key = commonText(left, right);
      if (key !== undefined) {
        return key;
      }
    }
  }
  return undefined;
}

/** Whether a condition other than the key distinguishes the types. */
function areApart(a: TypeMatch, b: TypeMatch): boolean {
  return (
    (a.maxSize ?? Infinity) < (b.minSize ?? 0) ||
    (b.maxSize ?? Infinity) < (a.minSize ?? 0) ||
    differ(a.metadata, b.metadata) ||
    differ(a.tags, b.tags) ||
    (a.contentTypes !== undefined &&
      b.contentTypes !== undefined &&
      !a.contentTypes.some((one) => b.contentTypes?.some((other) => haveCommon(one, other))))
  );
}

/** Whether both require the same name with different values. */
const differ = (a: TypeMatch['tags'], b: TypeMatch['tags']) =>
  Object.entries(a ?? {}).some(([name, value]) => b?.[name] !== undefined && b[name] !== value);

const haveCommon = (a: string, b: string) => a === b || isWithin(a, b) || isWithin(b, a);
const isWithin = (type: string, range: string) => range.endsWith('/*') && type.startsWith(range.slice(0, -1));
