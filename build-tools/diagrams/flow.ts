// What flows where, read out of a template: resources that move or keep files, and the references between them.

interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
  readonly Metadata?: Record<string, string>;
}
interface Template {
  readonly Resources: Record<string, Resource>;
}

export interface Part {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly construct: string;
}
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly style: 'flow' | 'failure' | 'use';
}
export interface Flow {
  readonly parts: Part[];
  readonly arrows: Arrow[];
}

/** What a reader of the picture wants to see; everything else stands in the template. */
const kinds: Record<string, string> = {
  'AWS::S3::Bucket': 'bucket',
  'AWS::Events::Rule': 'rule',
  'AWS::Scheduler::Schedule': 'schedule',
  'AWS::SQS::Queue': 'queue',
  'AWS::Lambda::Function': 'function',
  'AWS::ECS::TaskDefinition': 'tasks',
  'AWS::StepFunctions::StateMachine': 'state machine',
  'AWS::DynamoDB::Table': 'table',
  'AWS::DynamoDB::GlobalTable': 'table',
  'AWS::SNS::Topic': 'topic',
  'AWS::RDS::DBInstance': 'database',
  'AWS::RDS::DBCluster': 'database',
  'AWS::CodeBuild::Project': 'builds',
};

/** The logical ids that a value refers to. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) {
    return value.flatMap(references);
  }
  if (value === null || typeof value !== 'object') {
    return [];
  }
  const { Ref: ref, 'Fn::GetAtt': attribute } = value as { Ref?: string; 'Fn::GetAtt'?: string[] };
  if (ref !== undefined) {
    return [ref];
  }
  return attribute === undefined ? Object.values(value).flatMap(references) : [attribute[0]];
}

const property = (resource: Resource, ...path: string[]) =>
  path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], resource.Properties);

export function flowOf({ Resources: resources }: Template): Flow {
  // Of these, their path in the tree of constructs says whose they are
  const pathOf = ({ Metadata: metadata }: Resource) =>
    (metadata?.['aws:cdk:path'] ?? '')
      .split('/')
      .slice(1)
      .filter((name) => !['Resource', 'Default'].includes(name));
  const all = Object.entries(resources);
  const parts = all
    .filter(([, { Type }]) => Type in kinds)
    .map(([id, resource]): Part => {
      const [construct, ...rest] = pathOf(resource);
      return { id, kind: kinds[resource.Type], label: rest.join(' ') || construct, construct };
    });
  const known = new Set(parts.map(({ id }) => id));
  const deadLetters = new Set([
    ...parts.filter(({ label }) => label.endsWith('DeadLetterQueue')).map(({ id }) => id),
    ...all.flatMap(([, resource]) => references(property(resource, 'RedrivePolicy'))),
  ]);
  // A login leads to the database that it is for
  const logins = new Map(
    all
      .filter(([, { Type }]) => Type === 'AWS::SecretsManager::SecretTargetAttachment')
      .flatMap(([, resource]) =>
        references(property(resource, 'SecretId')).map((secret) => [
          secret,
          references(property(resource, 'TargetId')),
        ]),
      ),
  );
  const buckets = new Set(parts.filter(({ kind }) => kind === 'bucket').map(({ id }) => id));
  const arrows: Arrow[] = [];
  const add = (from: readonly string[], to: readonly string[], style: Exclude<Arrow['style'], 'failure'> = 'flow') => {
    for (const start of from.filter((id) => known.has(id))) {
      for (const end of to.filter((id) => id !== start && known.has(id))) {
        arrows.push({ from: start, to: end, style: deadLetters.has(end) ? 'failure' : style });
      }
    }
  };

  const readers: Partial<
    Record<string, (id: string, resource: Resource, refs: (...path: string[]) => string[]) => void>
  > = {
    'AWS::S3::Bucket': (id, _, refs) => add([id], refs('NotificationConfiguration')),
    'AWS::Events::Rule': (id, resource, refs) => {
      add(refs('EventPattern'), [id]);
      for (const target of property(resource, 'Targets') as Record<string, unknown>[]) {
        add(
          [id],
          references([target.Arn, (target.EcsParameters as Record<string, unknown> | undefined)?.TaskDefinitionArn]),
        );
        add([id], references(target.DeadLetterConfig));
      }
    },
    'AWS::Scheduler::Schedule': (id, _, refs) => {
      add([id], [...refs('Target', 'Arn'), ...refs('Target', 'EcsParameters'), ...refs('Target', 'Input')]);
      add([id], refs('Target', 'DeadLetterConfig'));
    },
    'AWS::SQS::Queue': (id, _, refs) => add([id], refs('RedrivePolicy')),
    'AWS::Lambda::EventSourceMapping': (_, __, refs) => add(refs('EventSourceArn'), refs('FunctionName')),
    'AWS::Lambda::Function': (id, _, refs) => {
      add([id], refs('Environment'), 'use');
      add([id], refs('DeadLetterConfig'));
    },
    'AWS::CodeBuild::Project': (id, _, refs) =>
      add(
        [id],
        refs('Source', 'BuildSpec').flatMap((ref) => logins.get(ref) ?? []),
        'use',
      ),
    'AWS::StepFunctions::StateMachine': (id, _, refs) => {
      // It lists one bucket and writes into another; what flows is what it starts
      for (const ref of refs('DefinitionString')) {
        add([id], [ref], buckets.has(ref) ? 'use' : 'flow');
      }
    },
    'AWS::ECS::TaskDefinition': (id, resource) => {
      const containers = property(resource, 'ContainerDefinitions') as {
        Environment?: { Name: string; Value: unknown }[];
      }[];
      const variables = containers
        .flatMap(({ Environment: environment = [] }) => environment)
        .filter(({ Name: name }) => !name.includes('DEAD_LETTER'));
      const isSource = ({ Name: name }: { Name: string }) =>
        ['FILEWORKS_QUEUE_URL', 'FILEWORKS_ADDITIONAL_QUEUES'].includes(name);
      const sources = references(variables.filter(isSource)).filter((ref) => !deadLetters.has(ref));
      for (const variable of variables) {
        if (isSource(variable)) {
          add(
            references(variable).filter((ref) => sources.includes(ref)),
            [id],
          );
        } else {
          add(
            [id],
            references(variable).filter((ref) => !sources.includes(ref)),
            'use',
          );
        }
      }
    },
  };
  for (const [id, resource] of all) {
    readers[resource.Type]?.(id, resource, (...path) => references(property(resource, ...path)));
  }

  const alarms = all
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    .flatMap(([, alarm]) => references(property(alarm, 'AlarmActions')))
    .filter((target) => known.has(target));
  for (const topic of new Set(alarms)) {
    parts.push({
      id: `Alarms${topic}`,
      kind: 'alarms',
      label: `${alarms.filter((target) => target === topic).length} alarms`,
      construct: '',
    });
    arrows.push({ from: `Alarms${topic}`, to: topic, style: 'flow' });
  }
  const drawn = once(arrows);
  const touched = new Set(drawn.flatMap(({ from, to }) => [from, to]));
  return { parts: parts.filter(({ id }) => touched.has(id)), arrows: drawn };
}

/** One arrow between two parts, the strongest: what flows hides what is only used. */
function once(arrows: readonly Arrow[]): Arrow[] {
  const strength = { use: 0, failure: 1, flow: 2 };
  const best = new Map<string, Arrow>();
  for (const arrow of arrows) {
    const key = `${arrow.from} ${arrow.to}`;
    const seen = best.get(key);
    if (seen === undefined || strength[seen.style] < strength[arrow.style]) {
      best.set(key, arrow);
    }
  }
  return [...best.values()];
}
