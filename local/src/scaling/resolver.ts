import { withPseudoParameters } from '../deploy/assembly';
import type { DeployedStack } from '../deploy/deployer';
import { LocalCloudError } from '../errors';

/** Attributes that follow from the physical id. */
const ATTRIBUTES: Readonly<
  Partial<Record<string, (physicalId: string, attribute: string, stack: DeployedStack) => string | undefined>>
> = {
  'AWS::SQS::Queue': (id, attribute, { environment: { account, region } }) =>
    (
      ({
        QueueName: lastSegment(id),
        QueueUrl: id,
        Arn: `arn:aws:sqs:${region}:${account}:${lastSegment(id)}`,
      }) as Partial<Record<string, string>>
    )[attribute],
  'AWS::ECS::Service': (id, attribute) =>
    (({ Name: lastSegment(id), ServiceArn: id }) as Partial<Record<string, string>>)[attribute],
  'AWS::ECS::Cluster': (id, attribute, { environment: { account, region } }) =>
    (({ Arn: `arn:aws:ecs:${region}:${account}:cluster/${id}` }) as Partial<Record<string, string>>)[attribute],
  'AWS::SNS::Topic': (id, attribute) =>
    (({ TopicArn: id, TopicName: id.split(':').at(-1) }) as Partial<Record<string, string>>)[attribute],
};

/** Resolves values of a deployed template as CloudFormation does. */
export class Resolver {
  constructor(
    private readonly stack: DeployedStack,
    private readonly exports: Readonly<Record<string, string>>,
  ) {}

  text(value: unknown): string {
    const resolved = this.#resolve(value);
    if (typeof resolved !== 'string') {
      throw new LocalCloudError(
        'TemplateUnsupported',
        `stack ${this.stack.name}: the local autoscaler cannot resolve ${JSON.stringify(value)}`,
      );
    }
    return resolved;
  }

  number(value: unknown): number {
    return Number(this.text(value));
  }

  /** The logical id that a plain `Ref` names; undefined for anything else. */
  logicalId(value: unknown): string | undefined {
    const reference = (value as { Ref?: unknown } | null | undefined)?.Ref;
    return typeof reference === 'string' ? reference : undefined;
  }

  #resolve(value: unknown): string | readonly string[] | undefined {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      return String(value);
    }
    const [[call, argument] = []] = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    switch (call) {
      case 'Ref':
        return this.#ref(String(argument));
      case 'Fn::GetAtt':
        return this.#attribute(Array.isArray(argument) ? argument.join('.') : String(argument));
      case 'Fn::Sub':
        return this.#substitute(argument);
      case 'Fn::ImportValue':
        return this.exports[this.text(argument)];
      case 'Fn::Join': {
        const [separator, parts] = argument as [string, unknown];
        return this.#list(parts).join(separator);
      }
      case 'Fn::Split': {
        const [separator, text] = argument as [string, unknown];
        return this.text(text).split(separator);
      }
      case 'Fn::Select': {
        const [index, parts] = argument as [unknown, unknown];
        return this.#list(parts)[this.number(index)];
      }
      default:
        return undefined;
    }
  }

  #list(value: unknown): readonly string[] {
    if (Array.isArray(value)) {
      return value.map((part) => this.text(part));
    }
    const resolved = this.#resolve(value);
    return typeof resolved === 'string' ? resolved.split(',') : (resolved ?? []);
  }

  #ref(name: string): string | undefined {
    if (name.startsWith('AWS::')) {
      return withPseudoParameters(`\${${name}}`, this.stack.environment)
        .replace('${AWS::StackName}', this.stack.name)
        .replace('${AWS::URLSuffix}', 'amazonaws.com');
    }
    return this.stack.resources[name] ?? this.stack.parameters[name];
  }

  #attribute(path: string): string | undefined {
    const [logicalId = '', ...rest] = path.split('.');
    const physicalId = this.stack.resources[logicalId];
    if (physicalId === undefined) {
      return undefined;
    }
    return ATTRIBUTES[this.stack.template.Resources[logicalId].Type]?.(physicalId, rest.join('.'), this.stack);
  }

  #substitute(argument: unknown): string {
    const [text, variables] = Array.isArray(argument)
      ? (argument as [string, Record<string, unknown>])
      : [String(argument), {}];
    return text.replace(/\$\{([^}!]+)\}/g, (_whole, name: string) =>
      this.text(
        variables[name] ?? (name.includes('.') && !name.startsWith('AWS::') ? { 'Fn::GetAtt': name } : { Ref: name }),
      ),
    );
  }
}

function lastSegment(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}
