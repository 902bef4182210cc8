import { RE2JS } from 're2js';
import type { DispatchRule } from '../../contract/dispatch-config';
import type { FileObject } from '../../runtime/dispatch/rows';
import type { ObjectHead, ObjectInspector } from './object-inspector';

type Named = Readonly<Record<string, string>>;

/** Parts of the key, by name. */
export type KeyParts = Named;

/**
 * The parts of the key if the rule matches the object, otherwise undefined. Conditions that need a call are checked
 * last.
 */
export async function match(
  rule: DispatchRule,
  object: FileObject,
  inspector: ObjectInspector,
): Promise<KeyParts | undefined> {
  const parts = matchKey(rule, object);
  if (parts === undefined) {
    return undefined;
  }
  if ((rule.contentTypes ?? rule.metadata) !== undefined && !hasHead(rule, await inspector.head())) {
    return undefined;
  }
  if (rule.tags !== undefined && !hasAll(rule.tags, await inspector.tags())) {
    return undefined;
  }
  if (rule.matchFunction === undefined) {
    return parts;
  }
  const answer = await inspector.invokeMatcher(rule.matchFunction, rule.type);
  return answer.match ? { ...parts, ...answer.parts } : undefined;
}

function matchKey(
  { keys, minSize = 0, maxSize = Infinity }: DispatchRule,
  { key, size = 0 }: FileObject,
): KeyParts | undefined {
  if (size < minSize || size > maxSize) {
    return undefined;
  }
  for (const pattern of keys) {
    const found = expressionOf(pattern).matcher(key);
    // No group of these patterns is optional
    if (found.find()) {
      return found.getNamedGroups() as KeyParts;
    }
  }
  return undefined;
}

export const matchesKey = (rule: DispatchRule, key: string): boolean =>
  rule.keys.some((pattern) => expressionOf(pattern).matcher(key).find());

const expressions = new Map<string, RE2JS>();

/**
 * Matches in time linear in the length of the key: `RegExp` takes a minute for `{a}-{b}-{c}-{d}` in a thousand hyphens.
 */
function expressionOf(pattern: string): RE2JS {
  const expression = expressions.get(pattern) ?? RE2JS.compile(pattern, RE2JS.DOTALL);
  expressions.set(pattern, expression);
  return expression;
}

function hasHead({ contentTypes, metadata = {} }: DispatchRule, head: ObjectHead): boolean {
  const fits = (type: string) =>
    type.endsWith('/*') ? head.contentType.startsWith(type.slice(0, -1)) : head.contentType === type;
  return (contentTypes === undefined || contentTypes.some(fits)) && hasAll(metadata, head.metadata);
}

const hasAll = (wanted: Named, there: Named) => Object.entries(wanted).every(([name, value]) => there[name] === value);
