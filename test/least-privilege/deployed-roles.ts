import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import type { LocalCloud } from 'fileworks-local';
import { parsePolicy, type Statement } from './policy';

/** A deployed role of the app, with all references in its policies resolved. */
export interface DeployedRole {
  /** Name of the role in the template, which is the same in every deployment. */
  readonly logicalId: string;
  /** Name of the role in the account, by which calls name it. */
  readonly name: string;
  /** The user of the role: an AWS service, or code in a container or a function. */
  readonly actor: 'service' | 'container' | 'function';
  /** The services that may assume it. */
  readonly services: readonly string[];
  /** AWS's own policies; they are not read. */
  readonly managedPolicies: readonly string[];
  readonly statements: readonly Statement[];
}

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

/** The roles that the templates of the app create. */
export async function deployedRoles(cloud: LocalCloud, app: string): Promise<DeployedRole[]> {
  const iam = new IAMClient(cloud.clientConfig());
  const roles = cloud.stacks().flatMap((stack) => {
    const { Resources: resources } = JSON.parse(readFileSync(join(app, `${stack}.template.json`), 'utf8')) as Template;
    const actors = {
      container: namedBy(resources, 'AWS::ECS::TaskDefinition', 'TaskRoleArn'),
      function: namedBy(resources, 'AWS::Lambda::Function', 'Role'),
    };
    return Object.entries(resources)
      .filter(([, { Type: type }]) => type === 'AWS::IAM::Role')
      .map(([logicalId]) => ({
        logicalId,
        name: cloud.resources(stack)[logicalId] ?? '',
        actor: actors.container.has(logicalId)
          ? ('container' as const)
          : actors.function.has(logicalId)
            ? ('function' as const)
            : ('service' as const),
      }));
  });
  return Promise.all(
    roles.map(async (role) => {
      const RoleName = role.name;
      const [{ Role: found }, { PolicyNames: names = [] }, { AttachedPolicies: attached = [] }] = await Promise.all([
        iam.send(new GetRoleCommand({ RoleName })),
        iam.send(new ListRolePoliciesCommand({ RoleName })),
        iam.send(new ListAttachedRolePoliciesCommand({ RoleName })),
      ]);
      const documents = await Promise.all(
        names.map((PolicyName) => iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))),
      );
      return {
        ...role,
        services: servicesOf(decode(found?.AssumeRolePolicyDocument)),
        managedPolicies: attached.map(({ PolicyArn: arn }) => arn ?? ''),
        statements: documents.flatMap(({ PolicyDocument: document }) => parsePolicy(decode(document))),
      };
    }),
  );
}

/** IAM returns documents percent-encoded (RFC 3986). */
function decode(document = '{}'): string {
  return document.startsWith('%') ? decodeURIComponent(document) : document;
}

function servicesOf(trust: string): string[] {
  return [...new Set(trust.match(/[a-z0-9-]+\.amazonaws\.com/g))];
}

/** Logical ids that this property of these resources refers to. */
function namedBy(resources: Template['Resources'], type: string, property: string): Set<string> {
  const values = Object.values(resources)
    .filter((resource) => resource.Type === type)
    .map(({ Properties: properties }) => JSON.stringify(properties?.[property] ?? ''));
  return new Set(
    values.flatMap((value) => [...value.matchAll(/"Fn::GetAtt":\["([A-Za-z0-9]+)"/g)].map(([, id]) => id)),
  );
}
