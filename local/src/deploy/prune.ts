import { LocalCloudError } from '../errors';
import type { Resource, StackArtifact, Template } from './assembly';
import { unusedProviders } from './providers';
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

type Removed = ReadonlyMap<string, LeftOut & { readonly resource: Resource }>;

/**
 * Removes the resources that the emulator does not support, and the functions of custom resources among them; constants
 * replace references to them.
 */
export function prune(stack: Pick<StackArtifact, 'name' | 'template'>, known: KnownTypes): PrunedTemplate {
  const { template } = stack;
  const removed = new Map<string, LeftOut & { readonly resource: Resource }>();
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
    removed.set(logicalId, { ...leftOut, resource });
  }
  for (const logicalId of unusedProviders(template, new Set(removed.keys()))) {
    removed.set(logicalId, { because: 'used only by what is left out', resource: template.Resources[logicalId] });
  }
  const kept = Object.entries(template.Resources).filter(([logicalId]) => !removed.has(logicalId));
  const resources = Object.fromEntries(
    kept.map(([logicalId, resource]) => [logicalId, withoutDependsOn(resource, removed)]),
  );
  return {
    template: replaceReferences({ ...template, Resources: resources }, removed) as Template,
    removed: [...removed].map(([logicalId, { resource, because }]) => ({ logicalId, type: resource.Type, because })),
  };
}

function isKnown(type: string, known: KnownTypes): boolean {
  // The function of a custom resource may call anything: the list knows those that the emulator cannot run.
  return known === undefined || type.startsWith('Custom::') ? LEFT_OUT[type] === undefined : known.has(type);
}

function withoutDependsOn(resource: Resource, removed: ReadonlyMap<string, unknown>): Resource {
  if (resource.DependsOn === undefined) {
    return resource;
  }
  const { DependsOn, ...rest } = resource;
  const kept = [DependsOn].flat().filter((logicalId) => !removed.has(logicalId));
  return kept.length > 0 ? { ...rest, DependsOn: kept } : rest;
}

function replaceReferences(value: unknown, removed: Removed): unknown {
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
    return { 'Fn::Sub': substitution(argument, removed) };
  }
  return Object.fromEntries(entries.map(([name, item]) => [name, replaceReferences(item, removed)]));
}

/** The argument of `Fn::Sub`: what is no string becomes a variable of it. */
function substitution(argument: unknown, removed: Removed): unknown {
  const [text, given] = Array.isArray(argument) ? (argument as [string, Record<string, unknown>]) : [String(argument)];
  const added: Record<string, unknown> = {};
  const substituted = text.replace(
    /\$\{([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}/g,
    (whole, logicalId: string, attribute?: string) => {
      if (!removed.has(logicalId) || given?.[logicalId] !== undefined) {
        return whole;
      }
      const value = attribute === undefined ? refOf(logicalId, removed) : attributeOf(logicalId, attribute, removed);
      if (typeof value === 'string') {
        return value;
      }
      const name = `${logicalId}${(attribute ?? '').replaceAll('.', '')}`;
      added[name] = value;
      return `\${${name}}`;
    },
  );
  const variables = { ...(replaceReferences(given ?? {}, removed) as Record<string, unknown>), ...added };
  return Object.keys(variables).length > 0 ? [substituted, variables] : substituted;
}

function refOf(logicalId: string, removed: Removed): unknown {
  const left = removed.get(logicalId);
  return left?.ref?.(logicalId, left.resource.Properties ?? {}) ?? `local-${logicalId}`;
}

function attributeOf(logicalId: string, attribute: string, removed: Removed): unknown {
  const left = removed.get(logicalId);
  const value = left?.attributes?.[attribute];
  const known =
    typeof value === 'function' ? replaceReferences(value(left?.resource.Properties ?? {}), removed) : value;
  return known ?? `local-${logicalId}-${attribute}`;
}
