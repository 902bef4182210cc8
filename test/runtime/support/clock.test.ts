import { systemClock } from '../../../src/runtime/support/clock.js';

afterEach(() => jest.restoreAllMocks());

it('never calls back before its time, although timers of Node.js can', async () => {
  // The clock of this process as a timer sees it that fires 0.75 ms too early.
  const real = performance.now.bind(performance);
  const start = real();
  jest.spyOn(performance, 'now').mockImplementation(() => real() - (real() - start > 0.01 ? 0.75 : 0));
  const early: number[] = [];
  for (let n = 0; n < 20; n += 1) {
    const due = performance.now() + 2;
    await new Promise<void>((resolve) => systemClock.after(2, resolve));
    early.push(Math.max(0, due - performance.now()));
  }
  expect(early).toEqual(early.map(() => 0));
});

it('can be cancelled', async () => {
  let called = false;
  systemClock.after(1, () => (called = true)).cancel();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(called).toBe(false);
});

it('does not call back at once after a time for which setTimeout has no number', async () => {
  let called = false;
  const timer = systemClock.after(2 ** 31 + 1_000, () => (called = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  timer.cancel();
  expect(called).toBe(false);
});
