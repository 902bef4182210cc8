/** Logical ids that a part of a template refers to by `Ref`, `Fn::GetAtt`, `Fn::Sub` or `DependsOn`, in their order. */
export function referencesIn(part: unknown): Set<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      value.forEach(visit);
    } else if (typeof value === 'object' && value !== null) {
      Object.entries(value).forEach(([key, argument]) => {
        namesIn(key, argument).forEach((name) => found.add(name));
        visit(argument);
      });
    }
  };
  visit(part);
  return found;
}

function namesIn(key: string, argument: unknown): string[] {
  const first = (Array.isArray(argument) ? argument[0] : argument) as unknown;
  switch (key) {
    case 'Ref':
      return [String(argument)];
    case 'Fn::GetAtt':
      return [String(first).split('.', 1)[0]];
    case 'Fn::Sub':
      return [...String(first).matchAll(/\$\{([A-Za-z0-9]+)/g)].map(([, name]) => name);
    case 'DependsOn':
      return [argument].flat().map(String);
    default:
      return [];
  }
}
