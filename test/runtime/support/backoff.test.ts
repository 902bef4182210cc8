import { backoffDelay, exponentialBackoff } from '../../../src/runtime/support/backoff.js';

const ATTEMPTS = [1, 2, 3, 4, 5, 2_000];

it.each([
  ['none', [200, 400, 800, 1_000, 1_000, 1_000], [200, 400, 800, 1_000, 1_000, 1_000]],
  ['equal', [100, 200, 400, 500, 500, 500], [200, 400, 800, 1_000, 1_000, 1_000]],
  ['full', [0, 0, 0, 0, 0, 0], [200, 400, 800, 1_000, 1_000, 1_000]],
] as const)('doubles the wait up to the maximum, with jitter %s between these bounds', (jitter, low, high) => {
  const delays = (random: number) =>
    ATTEMPTS.map((attempt) => backoffDelay(attempt, { base: 200, max: 1_000, jitter, random: () => random }));
  expect(delays(0)).toEqual(low);
  expect(delays(1)).toEqual(high);
});

it('never waits with a base of 0, not even after so many attempts that the growth overflows', () => {
  expect(ATTEMPTS.map((attempt) => backoffDelay(attempt, { base: 0, max: 1_000, random: () => 1 }))).toEqual([
    0, 0, 0, 0, 0, 0,
  ]);
});

it('waits 2 seconds at most after the first attempt and 15 minutes at most after any by default', () => {
  const backoff = exponentialBackoff({ random: () => 1 });
  expect([1, 2, 3, 20].map(backoff)).toEqual([2, 4, 8, 900]);
  expect(exponentialBackoff({ baseSeconds: 1, factor: 3, jitter: 'none', maxSeconds: 20 })(3)).toBe(9);
});
