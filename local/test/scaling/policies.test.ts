import { adjust, afterCooldown, type StepPolicy } from '../../src/scaling/step-policy';
import { track } from '../../src/scaling/target-tracking';

const POLICY: StepPolicy = {
  adjustmentType: 'ChangeInCapacity',
  cooldownSeconds: 60,
  minAdjustmentMagnitude: 0,
  steps: [
    { lower: 0, upper: 10, adjustment: 1 },
    { lower: 10, upper: 20, adjustment: 2 },
    { lower: 20, adjustment: 3 },
  ],
};
const DOWN: StepPolicy = {
  ...POLICY,
  steps: [
    { lower: -10, upper: 0, adjustment: -1 },
    { upper: -10, adjustment: -2 },
  ],
};

test.each([
  [60, 4],
  [69.9, 4],
  [70, 5],
  [79.9, 5],
  [80, 6],
  [1_000, 6],
])('scaling out from 3 at the threshold 60 with %d gives %d', (value, expected) => {
  expect(adjust(POLICY, 3, value, 60)).toBe(expected);
});

test.each([
  [60, 2],
  [59, 2],
  [50.1, 2],
  [50, 1],
  [0, 1],
])(
  'scaling in from 3 at the threshold 60 with %d gives %d: the bound nearer to the threshold belongs to the step',
  (value, expected) => {
    expect(adjust(DOWN, 3, value, 60)).toBe(expected);
  },
);

test('no step, no change', () => {
  expect(adjust(POLICY, 3, 59, 60)).toBeUndefined();
});

test('ExactCapacity is the capacity', () => {
  expect(adjust({ ...POLICY, adjustmentType: 'ExactCapacity' }, 7, 85, 60)).toBe(3);
});

// See
// https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html#as-scaling-adjustment-types
test.each([
  [10, 10, 0, 11],
  [10, 12.7, 0, 11],
  [10, 3, 0, 11],
  [10, -3, 0, 9],
  [10, -12.7, 0, 9],
  [100, 5, 10, 110],
  [100, -5, 10, 90],
])('%d tasks with %d percent and the magnitude %d become %d', (capacity, percent, minAdjustmentMagnitude, expected) => {
  const policy = {
    ...POLICY,
    adjustmentType: 'PercentChangeInCapacity',
    minAdjustmentMagnitude,
    steps: [{ adjustment: percent }],
  };
  expect(adjust(policy, capacity, 60, 60)).toBe(expected);
});

describe('cooldown', () => {
  const last = { at: 0, from: 1, to: 3 };

  test('what a scale-out added counts as part of the next within it, and no longer after it', () => {
    expect(afterCooldown(POLICY, 5, 3, 59_999, last)).toBe(3);
    expect(afterCooldown(POLICY, 6, 3, 59_999, last)).toBe(4);
    expect(afterCooldown(POLICY, 5, 3, 60_000, last)).toBe(5);
  });

  test('no task is removed within it', () => {
    expect(afterCooldown(DOWN, 2, 3, 59_999, last)).toBe(3);
    expect(afterCooldown(DOWN, 2, 3, 60_000, last)).toBe(2);
  });

  test('a first scaling has none', () => {
    expect(afterCooldown(POLICY, 5, 3, 0, undefined)).toBe(5);
  });
});

describe('target tracking', () => {
  const tracking = { target: 10, scaleInCooldownSeconds: 60, scaleOutCooldownSeconds: 60, disableScaleIn: false };
  const low = (count: number) => Array.from({ length: count }, () => 2);

  test.each([
    ['three periods above it', [30, 30, 30], 2, 6],
    ['from nothing', [30, 30, 30], 0, 3],
    ['two periods above it', [10, 30, 30], 2, undefined],
    ['a gap', [30, undefined, 30], 2, undefined],
    ['no data now', [30, 30, 30, undefined], 2, undefined],
    ['fifteen periods below nine tenths of it', low(15), 5, 1],
    ['fourteen', low(14), 5, undefined],
    ['just below it', Array.from({ length: 15 }, () => 9.5), 5, undefined],
  ])('%s', (_what, points, capacity, expected) => {
    expect(track(tracking, capacity, points)).toBe(expected);
  });

  test('does not scale in when that is disabled', () => {
    expect(track({ ...tracking, disableScaleIn: true }, 5, low(15))).toBeUndefined();
  });
});
