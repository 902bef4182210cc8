import { SpotStrategy } from '../../../src';

describe('SpotStrategy', () => {
  it.each<[string, SpotStrategy, object[]]>([
    ['Spot only', SpotStrategy.spotOnly(), [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }]],
    ['on-demand only', SpotStrategy.onDemand(), [{ capacityProvider: 'FARGATE', weight: 1 }]],
    [
      'Spot above a base',
      SpotStrategy.spotAbove(3),
      [
        { capacityProvider: 'FARGATE', base: 3, weight: 0 },
        { capacityProvider: 'FARGATE_SPOT', weight: 1 },
      ],
    ],
    [
      'a mix',
      SpotStrategy.weighted(1, 3),
      [
        { capacityProvider: 'FARGATE', weight: 1 },
        { capacityProvider: 'FARGATE_SPOT', weight: 3 },
      ],
    ],
    [
      'one side of a mix',
      SpotStrategy.weighted(0, 1_000),
      [
        { capacityProvider: 'FARGATE', weight: 0 },
        { capacityProvider: 'FARGATE_SPOT', weight: 1_000 },
      ],
    ],
  ])('makes %s', (_, strategy, expected) => {
    expect(strategy.capacityProviderStrategies).toEqual(expected);
  });

  it.each<[string, () => SpotStrategy]>([
    ['onDemandTasks must be a whole number from 1 to 100000, got: 0', () => SpotStrategy.spotAbove(0)],
    ['onDemandTasks must be a whole number from 1 to 100000, got: 100001', () => SpotStrategy.spotAbove(100_001)],
    ['onDemand must be a whole number from 0 to 1000, got: -1', () => SpotStrategy.weighted(-1, 1)],
    ['spot must be a whole number from 0 to 1000, got: 1001', () => SpotStrategy.weighted(1, 1_001)],
    [
      'onDemand and spot cannot both be 0, or no task could be placed; set at least one of them',
      () => SpotStrategy.weighted(0, 0),
    ],
  ])('throws: %s', (message, create) => {
    expect(create).toThrow(new Error(message));
  });
});
