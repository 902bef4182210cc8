import { LocalCloudError } from '../errors';
import type { Resource, StackArtifact } from './assembly';

/** Something that the emulator accepts and does not do. */
interface Refusal {
  readonly type: string;
  readonly what: string;
  readonly asks: (resource: Resource) => boolean;
}

/**
 * What would seem to work and would not: these stop the deployment.
 *
 * Each was seen with the version in emulator/requirements.txt; its test says what the emulator does with it.
 */
const REFUSALS: readonly Refusal[] = [
  {
    type: 'AWS::StepFunctions::StateMachine',
    what: 'a distributed Map with a ResultWriter, whose results the emulator would not write',
    asks: (resource) => JSON.stringify(resource.Properties ?? {}).includes('ResultWriter'),
  },
  {
    type: 'AWS::ECS::Service',
    what: 'the scheduling strategy DAEMON, of which the emulator would run desiredCount tasks',
    asks: (resource) => resource.Properties?.['SchedulingStrategy'] === 'DAEMON',
  },
];

export function refuseWhatWouldOnlySeemToWork(stack: Pick<StackArtifact, 'name' | 'template'>): void {
  for (const [logicalId, resource] of Object.entries(stack.template.Resources)) {
    const refusal = REFUSALS.find(({ type, asks }) => type === resource.Type && asks(resource));
    if (refusal) {
      throw new LocalCloudError('TemplateUnsupported', `stack ${stack.name}: ${logicalId} asks for ${refusal.what}`);
    }
  }
}
