import type { CapacityProviderStrategy } from 'aws-cdk-lib/aws-ecs';
import { CapacityProviderLimits } from '../../contract/service-limits';
import { checkWholeNumber } from '../private/checks';
import { ValidationError } from '../private/validation-error';

const ON_DEMAND = 'FARGATE';
const SPOT = 'FARGATE_SPOT';

/**
 * The Fargate capacity of tasks: Spot, on-demand or a mix.
 *
 * Spot costs less and can be interrupted: the task receives SIGTERM, has 120 seconds, and releases its unfinished work.
 * While Spot capacity is unavailable, ECS keeps trying and does not use on-demand capacity instead.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
 */
export class SpotStrategy {
  /** Every task runs on Spot. */
  static spotOnly(): SpotStrategy {
    return new SpotStrategy([{ capacityProvider: SPOT, weight: 1 }]);
  }

  /** No task runs on Spot. */
  static onDemand(): SpotStrategy {
    return new SpotStrategy([{ capacityProvider: ON_DEMAND, weight: 1 }]);
  }

  /**
   * The first tasks run on-demand, all others on Spot.
   *
   * @param onDemandTasks how many tasks run on-demand before Spot is used, from 1 to 100,000
   */
  static spotAbove(onDemandTasks: number): SpotStrategy {
    checkWholeNumber('onDemandTasks', onDemandTasks, { min: 1, max: CapacityProviderLimits.maxBase });
    return new SpotStrategy([
      { capacityProvider: ON_DEMAND, base: onDemandTasks, weight: 0 },
      { capacityProvider: SPOT, weight: 1 },
    ]);
  }

  /**
   * Tasks are spread in a fixed proportion: `weighted(1, 3)` runs one of four tasks on-demand.
   *
   * @param onDemand share of on-demand tasks, from 0 to 1,000
   * @param spot share of Spot tasks, from 0 to 1,000
   */
  static weighted(onDemand: number, spot: number): SpotStrategy {
    checkWholeNumber('onDemand', onDemand, { min: 0, max: CapacityProviderLimits.maxWeight });
    checkWholeNumber('spot', spot, { min: 0, max: CapacityProviderLimits.maxWeight });
    if (onDemand === 0 && spot === 0) {
      throw new ValidationError(
        'onDemand and spot cannot both be 0, or no task could be placed; set at least one of them',
      );
    }
    return new SpotStrategy([
      { capacityProvider: ON_DEMAND, weight: onDemand },
      { capacityProvider: SPOT, weight: spot },
    ]);
  }

  /** The capacity provider strategy of ECS. */
  readonly capacityProviderStrategies: CapacityProviderStrategy[];

  private constructor(strategies: CapacityProviderStrategy[]) {
    this.capacityProviderStrategies = strategies;
  }
}
