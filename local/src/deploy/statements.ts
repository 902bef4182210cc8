import type { UsedStatement } from '../emulator/emulator';
import type { StatementUse } from '../types';
import type { Resource } from './assembly';
import type { DeployedStack } from './deployer';

type RawStatement = Readonly<Record<string, unknown>>;

interface Holder {
  /** The emulator's name of the policy. */
  readonly policy: string;
  readonly statements: readonly RawStatement[];
  /** The only statement of the holder in a policy that others add to as well. */
  readonly sid?: string;
}

/** Every Allow statement of the stacks' policies, trust policies included, with what it was for. */
export function statementUses(
  stacks: readonly DeployedStack[],
  used: readonly UsedStatement[],
): readonly StatementUse[] {
  return stacks.flatMap((stack) =>
    Object.entries(stack.template.Resources).flatMap(([logicalId, resource]) => {
      const holders = holdersOf(logicalId, resource, stack);
      const uses = new Map<string, StatementUse>();
      for (const { policy, statements, sid } of holders) {
        statements.forEach((statement, index) => {
          if (statement['Effect'] !== 'Allow') {
            return;
          }
          const found = used.find(
            (use) => use.policy === policy && (sid === undefined ? use.index === index : use.sid === sid),
          );
          // A policy of several roles is one statement of the template
          const key = JSON.stringify([index, statement]);
          const before = uses.get(key);
          const actions = [...new Set([...(before?.actions ?? []), ...(found?.actions ?? [])])];
          const neededBy = before?.neededBy ?? found?.neededBy;
          uses.set(key, { stack: stack.name, logicalId, index, statement, actions, ...(neededBy && { neededBy }) });
        });
      }
      return [...uses.values()];
    }),
  );
}

/** The policies that a resource of a template makes or adds to. */
function holdersOf(
  logicalId: string,
  { Type: type, Properties: properties = {} }: Resource,
  stack: DeployedStack,
): Holder[] {
  const own = stack.resources[logicalId] ?? '';
  const named = (...names: string[]): string[] =>
    names.flatMap((name) => [properties[name]].flat()).flatMap((value) => physicalIds(value, stack));
  const document = statementsOf(properties['PolicyDocument'] ?? properties['ResourcePolicy']);
  switch (type) {
    case 'AWS::IAM::Role': {
      const inline = (properties['Policies'] ?? []) as { PolicyName: string; PolicyDocument: unknown }[];
      return [
        { policy: `trust policy of role ${own}`, statements: statementsOf(properties['AssumeRolePolicyDocument']) },
        ...inline.map(({ PolicyName: name, PolicyDocument: value }) => ({
          policy: `policy ${name} of role ${own}`,
          statements: statementsOf(value),
        })),
      ];
    }
    case 'AWS::IAM::Policy':
    case 'AWS::IAM::RolePolicy':
    case 'AWS::IAM::UserPolicy': {
      const name = String(properties['PolicyName']);
      return [
        ...named('Roles', 'RoleName').map((role) => ({
          policy: `policy ${name} of role ${role}`,
          statements: document,
        })),
        ...named('Users', 'UserName').map((user) => ({
          policy: `policy ${name} of user ${user}`,
          statements: document,
        })),
      ];
    }
    case 'AWS::IAM::ManagedPolicy':
      return [{ policy: `managed policy ${own}`, statements: document }];
    case 'AWS::SQS::QueuePolicy':
    case 'AWS::SQS::QueueInlinePolicy':
      return named('Queues', 'Queue').map((queue) => ({
        policy: `policy of queue ${last(queue)}`,
        statements: document,
      }));
    case 'AWS::SNS::TopicPolicy':
    case 'AWS::SNS::TopicInlinePolicy':
      return named('Topics', 'TopicArn').map((topic) => ({
        policy: `policy of topic ${last(topic)}`,
        statements: document,
      }));
    case 'AWS::S3::BucketPolicy':
      return named('Bucket').map((bucket) => ({ policy: `policy of bucket ${bucket}`, statements: document }));
    case 'AWS::SecretsManager::ResourcePolicy':
      return named('SecretId').map((secret) => ({ policy: `policy of secret ${last(secret)}`, statements: document }));
    case 'AWS::KMS::Key':
      return [{ policy: `policy of key ${last(own)}`, statements: statementsOf(properties['KeyPolicy']) }];
    case 'AWS::Lambda::Permission':
      return named('FunctionName').map((name) => ({
        policy: `policy of function ${last(name)}`,
        statements: [{ Effect: 'Allow', ...properties }],
        sid: own,
      }));
    default:
      return [];
  }
}

/** Physical ids of the resources that a value names by `Ref` or `Fn::GetAtt`; a text names itself. */
function physicalIds(value: unknown, stack: DeployedStack): string[] {
  if (typeof value === 'string') {
    return [value];
  }
  const { Ref: ref, 'Fn::GetAtt': attribute } = (value ?? {}) as { Ref?: string; 'Fn::GetAtt'?: string | string[] };
  const logicalId = ref ?? [attribute].flat()[0]?.split('.')[0];
  const physical = logicalId === undefined ? undefined : stack.resources[logicalId];
  return physical === undefined ? [] : [physical];
}

function statementsOf(document: unknown): readonly RawStatement[] {
  return [(document as { Statement?: RawStatement | RawStatement[] } | undefined)?.Statement ?? []].flat();
}

/** The last part of a URL, a path or an ARN. */
function last(name: string): string {
  return name.split(/[/:]/).at(-1) ?? name;
}
