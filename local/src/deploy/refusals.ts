import { LocalCloudError } from '../errors';
import type { Resource, StackArtifact } from './assembly';
import { referencesIn } from './references';

/** A feature that the emulator accepts and does not implement. */
interface Refusal {
  readonly type: string;
  readonly feature: string;
  readonly uses: (resource: Resource, resources: Readonly<Partial<Record<string, Resource>>>) => boolean;
}

const RULE_TARGETS = new Set([
  'AWS::CodeBuild::Project',
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
 * Features that the emulator accepts and ignores: they stop the deployment.
 *
 * Each was observed with the version in emulator/requirements.txt.
 */
const REFUSALS: readonly Refusal[] = [
  {
    type: 'AWS::StepFunctions::StateMachine',
    feature:
      'a distributed Map with a ResultWriter in JSONPath, whose results the emulator does not write; use JSONata',
    uses: (resource) => {
      const definition = JSON.stringify(resource.Properties ?? {});
      return definition.includes('ResultWriter') && !definition.includes('JSONata');
    },
  },
  {
    type: 'AWS::ECS::Service',
    feature: 'the scheduling strategy DAEMON, for which the emulator runs desiredCount tasks',
    uses: (resource) => resource.Properties?.['SchedulingStrategy'] === 'DAEMON',
  },
  {
    type: 'AWS::Scheduler::Schedule',
    feature: 'an API call as the target of a schedule (aws-sdk), which the emulator does not make',
    uses: (resource) => JSON.stringify(resource.Properties?.['Target'] ?? {}).includes('scheduler:::aws-sdk:'),
  },
  {
    type: 'AWS::Events::Rule',
    feature: 'a rule with a target to which the emulator does not deliver',
    uses: (resource, resources) =>
      ((resource.Properties?.['Targets'] ?? []) as { Arn?: unknown }[]).some(({ Arn: arn }) => {
        const type = typesNamedIn(arn, resources).at(0);
        return type !== undefined && !RULE_TARGETS.has(type);
      }),
  },
];

export function refuseUnsupported(stack: Pick<StackArtifact, 'name' | 'template'>): void {
  for (const [logicalId, resource] of Object.entries(stack.template.Resources)) {
    const refusal = REFUSALS.find(
      ({ type, uses }) => type === resource.Type && uses(resource, stack.template.Resources),
    );
    if (refusal) {
      throw new LocalCloudError('TemplateUnsupported', `stack ${stack.name}: ${logicalId} uses ${refusal.feature}`);
    }
  }
}

/** Types of the resources that a value refers to. */
function typesNamedIn(value: unknown, resources: Readonly<Partial<Record<string, Resource>>>): string[] {
  return [...referencesIn(value)].flatMap((name) => resources[name]?.Type ?? []);
}
