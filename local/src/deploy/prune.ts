import { LocalCloudError } from '../errors';
import type { Resource, StackArtifact, Template } from './assembly';
import { LEFT_OUT, type LeftOut } from './unsupported';

export interface RemovedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly because: string;
}

export interface PrunedTemplate {
  readonly template: Template;
  readonly removed: readonly RemovedResource[];
}

/** Types that the emulator supports; undefined when unknown: then every type of the list is left out. */
export type KnownTypes = ReadonlySet<string> | undefined;

/** Removes the resources that the emulator does not support; constants replace references to them. */
export function prune(stack: Pick<StackArtifact, 'name' | 'template'>, known: KnownTypes): PrunedTemplate {
  const { template } = stack;
  const removed = new Map<string, LeftOut & { readonly type: string }>();
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    const leftOut = LEFT_OUT[resource.Type];
    if (isKnown(resource.Type, known)) {
      continue;
    }
    if (!leftOut) {
      throw new LocalCloudError(
        'TemplateUnsupported',
        `stack ${stack.name}: the emulator does not support ${resource.Type} (${logicalId}), and it is not among the types that may be left out`,
      );
    }
    removed.set(logicalId, { ...leftOut, type: resource.Type });
  }
  const kept = Object.entries(template.Resources).filter(([logicalId]) => !removed.has(logicalId));
  const resources = Object.fromEntries(
    kept.map(([logicalId, resource]) => [logicalId, withoutDependsOn(resource, removed)]),
  );
  return {
    template: replaceReferences({ ...template, Resources: resources }, removed) as Template,
    removed: [...removed].map(([logicalId, { type, because }]) => ({ logicalId, type, because })),
  };
}

function isKnown(type: string, known: KnownTypes): boolean {
  if (type.startsWith('Custom::')) {
    return true;
  }
  return known === undefined ? LEFT_OUT[type] === undefined : known.has(type);
}

function withoutDependsOn(resource: Resource, removed: ReadonlyMap<string, unknown>): Resource {
  if (resource.DependsOn === undefined) {
    return resource;
  }
  const { DependsOn, ...rest } = resource;
  const kept = [DependsOn].flat().filter((logicalId) => !removed.has(logicalId));
  return kept.length > 0 ? { ...rest, DependsOn: kept } : rest;
}

function replaceReferences(value: unknown, removed: ReadonlyMap<string, LeftOut>): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => replaceReferences(item, removed));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value);
  const [key, argument] = entries.length === 1 ? (entries[0] ?? []) : [];
  if (key === 'Ref' && typeof argument === 'string' && removed.has(argument)) {
    return refOf(argument, removed);
  }
  if (key === 'Fn::GetAtt') {
    const [logicalId = '', ...attribute] = Array.isArray(argument)
      ? (argument as string[])
      : String(argument).split('.');
    if (removed.has(logicalId)) {
      return attributeOf(logicalId, attribute.join('.'), removed);
    }
  }
  if (key === 'Fn::Sub') {
    const [text, variables] = Array.isArray(argument)
      ? (argument as [string, Record<string, unknown>])
      : [String(argument)];
    const substituted = text.replace(
      /\$\{([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}/g,
      (whole, logicalId: string, attribute?: string) => {
        if (!removed.has(logicalId) || variables?.[logicalId] !== undefined) {
          return whole;
        }
        return attribute === undefined ? refOf(logicalId, removed) : attributeOf(logicalId, attribute, removed);
      },
    );
    return { 'Fn::Sub': variables ? [substituted, replaceReferences(variables, removed)] : substituted };
  }
  return Object.fromEntries(entries.map(([name, item]) => [name, replaceReferences(item, removed)]));
}

function refOf(logicalId: string, removed: ReadonlyMap<string, LeftOut>): string {
  return removed.get(logicalId)?.ref?.(logicalId) ?? `local-${logicalId}`;
}

function attributeOf(logicalId: string, attribute: string, removed: ReadonlyMap<string, LeftOut>): string {
  return removed.get(logicalId)?.attributes?.[attribute] ?? `local-${logicalId}-${attribute}`;
}
