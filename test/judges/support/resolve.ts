// Values of a template as AWS has them after a deployment: intrinsic functions and references, with sample names.

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: string } }>>;
}

/** Where a template is deployed. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  /** What other stacks export. */
  readonly exports: Readonly<Record<string, unknown>>;
}

type Arn = (name: string, place: Place) => string;
const arn =
  (service: string, prefix: string): Arn =>
  (name, { partition, region, account }) =>
    `arn:${partition}:${service}:${region}:${account}:${prefix}${name}`;

/** By type; a type that is missing fails, so that no sample has a wrong form. */
const arns: Readonly<Partial<Record<string, Arn>>> = {
  'AWS::CodeBuild::Project': arn('codebuild', 'project/'),
  'AWS::DynamoDB::GlobalTable': arn('dynamodb', 'table/'),
  'AWS::DynamoDB::Table': arn('dynamodb', 'table/'),
  'AWS::ECS::Cluster': arn('ecs', 'cluster/'),
  'AWS::ECS::Service': arn('ecs', 'service/cluster/'),
  'AWS::ECS::TaskDefinition': (name, place) => `${arn('ecs', 'task-definition/')(name, place)}:1`,
  'AWS::Events::Archive': arn('events', 'archive/'),
  'AWS::Events::EventBus': arn('events', 'event-bus/'),
  'AWS::Events::Rule': arn('events', 'rule/'),
  'AWS::Lambda::Function': arn('lambda', 'function:'),
  'AWS::Logs::LogGroup': (name, place) => `${arn('logs', 'log-group:')(name, place)}:*`,
  'AWS::Pipes::Pipe': arn('pipes', 'pipe/'),
  'AWS::KMS::Key': (_name, place) => arn('kms', 'key/')('12345678-1234-1234-1234-123456789012', place),
  'AWS::SNS::Topic': arn('sns', ''),
  'AWS::SQS::Queue': arn('sqs', ''),
  'AWS::Scheduler::ScheduleGroup': arn('scheduler', 'schedule-group/'),
  'AWS::SecretsManager::Secret': (name, place) => `${arn('secretsmanager', 'secret:')(name, place)}-AbCdEf`,
  'AWS::StepFunctions::StateMachine': arn('states', 'stateMachine:'),
  'AWS::S3::Bucket': (name, { partition }) => `arn:${partition}:s3:::${name.toLowerCase()}`,
  'AWS::IAM::Role': (name, { partition, account }) => `arn:${partition}:iam::${account}:role/${name}`,
};

/** Types whose `Ref` is the ARN. */
const REF_IS_ARN = new Set([
  'AWS::ECS::Service',
  'AWS::ECS::TaskDefinition',
  'AWS::SNS::Topic',
  'AWS::SecretsManager::Secret',
  'AWS::StepFunctions::StateMachine',
]);

export class Resolver {
  constructor(
    readonly template: Template,
    readonly place: Place,
  ) {}

  resolve(value: unknown): unknown {
    if (Array.isArray(value)) {
      return value.map((one) => this.resolve(one)).filter((one) => one !== undefined);
    }
    if (value === null || typeof value !== 'object') {
      return value;
    }
    const [[name, argument] = ['', undefined], ...others] = Object.entries(value);
    if (others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'))) {
      return this.#call(name, argument);
    }
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.resolve(one)]));
  }

  text(value: unknown): string {
    const resolved = this.resolve(value);
    if (typeof resolved !== 'string' && typeof resolved !== 'number') {
      throw new TypeError(`no text: ${JSON.stringify(value)}`);
    }
    return String(resolved);
  }

  #call(name: string, argument: unknown): unknown {
    const list = argument as unknown[];
    switch (name) {
      case 'Ref':
        return this.#reference(argument as string);
      case 'Fn::GetAtt':
        return this.#attribute(list[0] as string, list[1] as string);
      case 'Fn::Join':
        return (this.resolve(list[1]) as unknown[]).join(this.text(list[0]));
      case 'Fn::Split':
        return this.text(list[1]).split(this.text(list[0]));
      case 'Fn::Select':
        return (this.resolve(list[1]) as unknown[])[Number(list[0])];
      case 'Fn::GetAZs':
        return ['a', 'b'].map((zone) => `${this.place.region}${zone}`);
      case 'Fn::ImportValue':
        return this.#imported(this.text(argument));
      case 'Fn::Sub':
        return (argument as string).replace(/\$\{([\w:]+)\}/g, (_, reference: string) => this.#reference(reference));
      default:
        throw new TypeError(`no value for ${name}`);
    }
  }

  #imported(name: string): unknown {
    if (!(name in this.place.exports)) {
      throw new TypeError(`no stack exports ${name}`);
    }
    return this.place.exports[name];
  }

  #reference(id: string): string {
    const { partition, region, account } = this.place;
    const pseudo: Readonly<Record<string, string>> = {
      'AWS::Partition': partition,
      'AWS::Region': region,
      'AWS::AccountId': account,
      'AWS::StackName': 'stack',
      'AWS::URLSuffix': partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com',
    };
    if (id in pseudo) {
      return pseudo[id];
    }
    // A parameter is no resource
    const type = id in this.template.Resources ? this.template.Resources[id].Type : '';
    if (type === 'AWS::SQS::Queue') {
      return `https://sqs.${region}.amazonaws.com/${account}/${id}`;
    }
    if (REF_IS_ARN.has(type)) {
      return this.#arn(id);
    }
    return type === 'AWS::S3::Bucket' ? id.toLowerCase() : id;
  }

  #attribute(id: string, attribute: string): string {
    if (attribute === 'StreamArn') {
      return `${this.#arn(id)}/stream/label`;
    }
    return /Arn$/.test(attribute) ? this.#arn(id) : `${id}.${attribute}`.toLowerCase();
  }

  #arn(id: string): string {
    const { Type: type } = this.template.Resources[id];
    const form = arns[type];
    if (form === undefined) {
      throw new TypeError(`no form of the ARN of ${type}`);
    }
    return form(id, this.place);
  }
}
