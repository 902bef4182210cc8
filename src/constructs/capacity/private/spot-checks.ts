import { CfnTaskDefinition, type TaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { ValidationError } from '../../private/validation-error';
import { warn } from '../../private/warning';
import type { SpotStrategy } from '../spot-strategy';

/** A fallback needs Spot capacity. */
export function checkOnDemandFallback(
  scope: Construct,
  fallbackToOnDemand: boolean | undefined,
  capacity: SpotStrategy,
): void {
  if (fallbackToOnDemand === true && !usesSpot(capacity)) {
    throw new ValidationError(
      'fallbackToOnDemand needs capacity with Spot, such as SpotStrategy.spotOnly(); otherwise omit it',
      scope,
    );
  }
}

/**
 * Fargate Spot runs no Windows containers.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
 */
export function checkSpotPlatform(scope: Construct, { node }: TaskDefinition, capacity: SpotStrategy): void {
  const { defaultChild: resource } = node;
  const platform = resource instanceof CfnTaskDefinition ? resource.runtimePlatform : undefined;
  const family = platform !== undefined && 'operatingSystemFamily' in platform ? platform.operatingSystemFamily : '';
  if (usesSpot(capacity) && family?.startsWith('WINDOWS') === true) {
    throw new ValidationError(
      `capacity cannot use Spot with the operating system ${family} of taskDefinition, because Fargate Spot runs Linux only; set SpotStrategy.onDemand()`,
      scope,
    );
  }
}

/** Warns if the tasks on demand leave none for Spot. */
export function warnWithoutSpot(
  scope: Construct,
  { capacityProviderStrategies }: SpotStrategy,
  maxTasks: number,
): void {
  const onDemand = Math.max(...capacityProviderStrategies.map(({ base = 0 }) => base));
  if (onDemand >= maxTasks) {
    warn(
      scope,
      'QueueScaledFargateWorker.noSpotTasks',
      `The first ${onDemand} tasks run on demand, and maxTasks is ${maxTasks}, so no task runs on Spot; ` +
        'call SpotStrategy.spotAbove() with less, set a higher maxTasks, or use SpotStrategy.onDemand()',
    );
  }
}

/** A capacity provider with weight 0 gets no task beyond its base. */
function usesSpot({ capacityProviderStrategies }: SpotStrategy): boolean {
  return capacityProviderStrategies.some(
    ({ capacityProvider, weight }) => capacityProvider === 'FARGATE_SPOT' && weight !== 0,
  );
}
