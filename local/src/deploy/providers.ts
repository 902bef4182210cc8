import type { Resource, Template } from './assembly';
import { referencesIn } from './references';

const POLICY = 'AWS::IAM::Policy';
/** What CDK makes for the function of a custom resource. */
const PROVIDER_TYPES = new Set([
  POLICY,
  'AWS::IAM::Role',
  'AWS::Lambda::Function',
  'AWS::Lambda::LayerVersion',
  'AWS::Logs::LogGroup',
]);

type Resources = Readonly<Partial<Record<string, Resource>>>;

/** The functions of removed custom resources with their roles and policies, unless something that stays uses them. */
export function unusedProviders(template: Template, removed: ReadonlySet<string>): readonly string[] {
  const { Resources: all, ...rest } = template;
  const resources: Resources = all;
  const unused = providersOf(resources, removed);
  for (;;) {
    const kept = Object.keys(resources).filter((logicalId) => !removed.has(logicalId) && !unused.has(logicalId));
    const used = referencesIn([rest, ...kept.map((logicalId) => resources[logicalId])]);
    const stay = [...unused].filter(
      (logicalId) =>
        used.has(logicalId) || (resources[logicalId]?.Type === POLICY && !isFor(resources[logicalId], unused)),
    );
    if (stay.length === 0) {
      return [...unused];
    }
    stay.forEach((logicalId) => unused.delete(logicalId));
  }
}

function providersOf(resources: Resources, removed: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  const add = (logicalId: string): void => {
    const resource = resources[logicalId];
    if (resource && PROVIDER_TYPES.has(resource.Type) && !found.has(logicalId) && !removed.has(logicalId)) {
      found.add(logicalId);
      referencesIn(resource).forEach(add);
    }
  };
  removed.forEach((logicalId) => referencesIn(resources[logicalId]?.Properties?.['ServiceToken']).forEach(add));
  Object.keys(resources)
    .filter((logicalId) => isFor(resources[logicalId], found))
    .forEach(add);
  return found;
}

/** Whether a resource is a policy of these roles alone. */
function isFor(resource: Resource | undefined, roles: ReadonlySet<string>): boolean {
  const attached = [...referencesIn(resource?.Properties?.['Roles'])];
  return resource?.Type === POLICY && attached.length > 0 && attached.every((role) => roles.has(role));
}
