import { LocalCloudError } from '../errors';
import type { Resource, StackArtifact } from './assembly';

/** Something that the emulator accepts and does not do. */
interface Refusal {
  readonly type: string;
  readonly what: string;
  readonly asks: (resource: Resource, resources: Readonly<Partial<Record<string, Resource>>>) => boolean;
}

const RULE_TARGETS = new Set([
  'AWS::ECS::Cluster',
  'AWS::Events::ApiDestination',
  'AWS::Events::EventBus',
  'AWS::Lambda::Alias',
  'AWS::Lambda::Function',
  'AWS::Lambda::Version',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::StepFunctions::StateMachine',
]);

/**
 * What would seem to work and would not: these stop the deployment.
 *
 * Each was seen with the version in emulator/requirements.txt; its test says what the emulator does with it.
 */
const REFUSALS: readonly Refusal[] = [
  {
    type: 'AWS::StepFunctions::StateMachine',
    what: 'a distributed Map with a ResultWriter in JSONPath, whose results the emulator would not write; in JSONata it does',
    asks: (resource) => {
      const definition = JSON.stringify(resource.Properties ?? {});
      return definition.includes('ResultWriter') && !definition.includes('JSONata');
    },
  },
  {
    type: 'AWS::ECS::Service',
    what: 'the scheduling strategy DAEMON, of which the emulator would run desiredCount tasks',
    asks: (resource) => resource.Properties?.['SchedulingStrategy'] === 'DAEMON',
  },
  {
    type: 'AWS::Scheduler::Schedule',
    what: 'an API call as the target of a schedule (aws-sdk), which the emulator would not make',
    asks: (resource) => JSON.stringify(resource.Properties?.['Target'] ?? {}).includes('scheduler:::aws-sdk:'),
  },
  {
    type: 'AWS::Events::Rule',
    what: 'a rule with a target to which the emulator delivers nothing',
    asks: (resource, resources) =>
      ((resource.Properties?.['Targets'] ?? []) as { Arn?: unknown }[]).some(({ Arn: arn }) => {
        const type = typesNamedIn(arn, resources).at(0);
        return type !== undefined && !RULE_TARGETS.has(type);
      }),
  },
];

export function refuseWhatWouldOnlySeemToWork(stack: Pick<StackArtifact, 'name' | 'template'>): void {
  for (const [logicalId, resource] of Object.entries(stack.template.Resources)) {
    const refusal = REFUSALS.find(
      ({ type, asks }) => type === resource.Type && asks(resource, stack.template.Resources),
    );
    if (refusal) {
      throw new LocalCloudError('TemplateUnsupported', `stack ${stack.name}: ${logicalId} asks for ${refusal.what}`);
    }
  }
}

/** Types of the resources that a value refers to. */
function typesNamedIn(value: unknown, resources: Readonly<Partial<Record<string, Resource>>>): string[] {
  const names = [...JSON.stringify(value ?? null).matchAll(/"(?:Ref|Fn::GetAtt)":\[?"([A-Za-z0-9]+)/g)].map(
    ([, name]) => name,
  );
  return names.flatMap((name) => resources[name]?.Type ?? []);
}
