import { commons, compare, Names } from '../../simulator/compare/compare';
import { checkTargets } from '../../simulator/compare/targets';
import { defaultParameters } from '../../simulator/parameters';
import type { Summary } from '../../simulator/report/summary';
import type { WorkerOptions } from '../../simulator/template/read-worker';
import { workloads } from '../../simulator/workloads';
import { addFileworks } from './fileworks-sources';

const compareAll = (options?: WorkerOptions) =>
  workloads
    .flatMap((workload) => compare(addFileworks, workload, 1, defaultParameters, options))
    .map(({ summary }) => summary);
const summaries = compareAll();

test('every day of the comparison has settings that its services share', () => {
  expect(Object.keys(commons)).toEqual(workloads.map(({ name }) => name));
});

test('no service has unfinished work, and all get the same jobs', () => {
  expect(summaries.map(({ unfinished }) => unfinished)).toEqual(summaries.map(() => 0));
  for (const { name, streams } of workloads) {
    const jobs = streams.reduce((sum, { count }) => sum + count, 0);
    expect(summaries.filter(({ workload }) => workload === name).map((summary) => summary.jobs)).toEqual([
      jobs,
      jobs,
      jobs,
      jobs,
    ]);
  }
});

test('our worker keeps its promises against its peers', () => {
  expect(checkTargets(summaries).filter(({ kept }) => !kept)).toEqual([]);
});

test.each(['off', 'one'] as const)(
  'it is the wake-up by the backlog that keeps the promise for bursts: not with %s',
  (wake) => {
    // Two of the bursts come after more than six idle hours: the default policy has a task that polls and keeps its
    // metrics active.
    const broken = checkTargets(compareAll({ wake }))
      .filter(({ kept }) => !kept)
      .map(({ promise }) => promise);
    expect(broken).toEqual(['bursts: wait p95 at least 5 times shorter than the default policy']);
  },
);

test('a broken promise is reported', () => {
  const worse = summaries.map((summary): Summary =>
    summary.template === Names.ours
      ? { ...summary, killedByScaleIn: 1, waitP95Seconds: 1e5, taskHoursPerJob: 10 }
      : summary,
  );

  expect(checkTargets(worse).filter(({ kept }) => !kept)).toHaveLength(3 * workloads.length + 1);
});
