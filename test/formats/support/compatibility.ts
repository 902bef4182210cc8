import type { Json, Records } from './fixtures';

/**
 * Changes from one version of a format to the next that a reader of the first may not handle: properties that are
 * missing or have another type, and values of `closed` properties that the first version does not have.
 *
 * @param closed names of properties whose readers know every value, such as a status
 */
export function incompatibilities(before: Records, after: Records, closed: readonly string[]): string[] {
  return [
    ...Object.entries(before).flatMap(([name, record]) => changes(record, after[name], name)),
    ...closed.flatMap((name) => {
      const known = new Set(valuesOf(before, name));
      const added = [...new Set(valuesOf(after, name))].filter((value) => !known.has(value));
      return added.map((value) => `${name}: ${value} is a new value`);
    }),
  ];
}

function changes(before: Json, after: Json | undefined, path: string): string[] {
  if (before === null) {
    return [];
  }
  if (after === undefined || after === null) {
    return [`${path}: removed`];
  }
  if (kindOf(before) !== kindOf(after)) {
    return [`${path}: was ${kindOf(before)}, is ${kindOf(after)}`];
  }
  if (Array.isArray(before)) {
    // Lists may have any length, but not lose what their elements have
    return before
      .slice(0, (after as Json[]).length)
      .flatMap((element: Json, index) => changes(element, (after as Json[])[index], `${path}[${index}]`));
  }
  return typeof before === 'object'
    ? Object.entries(before).flatMap(([name, value]) =>
        changes(value, (after as Readonly<Record<string, Json>>)[name], `${path}.${name}`),
      )
    : [];
}

const kindOf = (value: Json) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

/** Values of the properties with a name, at any depth, including those inside of the types of DynamoDB. */
function valuesOf(value: Json, name: string): string[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, inner]) => (key === name ? leavesOf(inner) : valuesOf(inner, name)));
}

function leavesOf(value: Json): string[] {
  return typeof value === 'object' && value !== null
    ? Object.values(value).flatMap((inner) => leavesOf(inner))
    : [String(value)];
}
