import { dayOf, fixedScaling, plainWorker, run } from './support';

/** Erlang C: the share of jobs that wait, and their mean wait, for Poisson arrivals and `servers` servers. */
function erlangC(
  arrivalsPerSecond: number,
  workSeconds: number,
  servers: number,
): { waiting: number; meanWait: number } {
  const load = arrivalsPerSecond * workSeconds;
  let blocking = 1;
  for (let server = 1; server <= servers; server++) {
    blocking = (load * blocking) / (server + load * blocking);
  }
  const waiting = blocking / (1 - (load / servers) * (1 - blocking));
  return { waiting, meanWait: (waiting * workSeconds) / (servers - load) };
}

const JOBS = 300_000;
const WORK_SECONDS = 10;

describe('the simulation with a fixed number of tasks', () => {
  test.each([
    { tasks: 1, slots: 1, utilization: 0.5, tolerance: 0.05 },
    { tasks: 5, slots: 1, utilization: 0.8, tolerance: 0.05 },
    { tasks: 2, slots: 5, utilization: 0.8, tolerance: 0.05 },
    // Waits of a large, busy system come in long spells: over 300,000 jobs their mean still varies by several percent
    // from seed to seed.
    { tasks: 40, slots: 1, utilization: 0.9, tolerance: 0.1 },
  ])(
    'waits as Erlang C predicts: $tasks tasks of $slots slots, utilization $utilization, tolerance $tolerance',
    ({ tasks, slots, utilization, tolerance }) => {
      const arrivalsPerSecond = (utilization * tasks * slots) / WORK_SECONDS;
      const hours = Math.round(JOBS / arrivalsPerSecond / 3_600);
      const count = Math.round(arrivalsPerSecond * hours * 3_600);
      const weights = Array.from({ length: hours }, () => 1);
      const workload = dayOf(
        [{ count, hourlyWeights: weights, duration: { distribution: 'exponential', meanSeconds: WORK_SECONDS } }],
        hours,
      );

      const { waits } = run({ ...plainWorker, slots }, fixedScaling(tasks), workload);

      const expected = erlangC(arrivalsPerSecond, WORK_SECONDS, tasks * slots);
      const meanWait = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
      // Times are sums of floating-point numbers: a job that did not wait can seem to have, by a fraction of a
      // nanosecond.
      const waiting = waits.filter((wait) => wait > 1e-6).length / waits.length;
      expect(waits).toHaveLength(count);
      expect(Math.abs(waiting / expected.waiting - 1)).toBeLessThan(tolerance);
      expect(Math.abs(meanWait / expected.meanWait - 1)).toBeLessThan(tolerance);
    },
  );
});
