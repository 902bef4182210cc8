import type { Construct } from 'constructs';
import { ValidationError } from '../../private/validation-error';
import type { SpotStrategy } from '../spot-strategy';

/** A fallback needs Spot capacity. */
export function checkOnDemandFallback(
  scope: Construct,
  fallbackToOnDemand: boolean | undefined,
  capacity: SpotStrategy,
): void {
  const spot = capacity.capacityProviderStrategies.some(({ capacityProvider }) => capacityProvider === 'FARGATE_SPOT');
  if (fallbackToOnDemand === true && !spot) {
    throw new ValidationError(
      'fallbackToOnDemand needs capacity with Spot, such as SpotStrategy.spotOnly(); otherwise omit it',
      scope,
    );
  }
}
