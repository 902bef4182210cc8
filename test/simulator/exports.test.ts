import { playOption, type ExportConditions, type ExportSummary } from '../../simulator/exports/compare';
import { createExportJobs, exportDay, type ExportDay } from '../../simulator/exports/day';
import { options } from '../../simulator/exports/options';
import { defaultParameters } from '../../simulator/parameters';
import { exportStacks } from './fileworks-sources';

const names = options.map(({ name }) => name);
const quietStart = { ...defaultParameters, taskStartMedianSeconds: 30, taskStartP95Seconds: 30 };

function play(name: string, conditions: Partial<ExportConditions>, spot = false): ExportSummary {
  const option = options.find((one) => one.name === name)!;
  return playOption(option, spot, exportStacks, {
    day: exportDay(2_000),
    maxTasks: 60,
    downloads: 4,
    seed: 1,
    parameters: quietStart,
    ...conditions,
  });
}

/** Jobs at one time that all take so long. */
function burstOf(count: number, seconds: number, atHour = 1): ExportDay {
  const day = exportDay();
  const duration = { distribution: 'loguniform', fromSeconds: seconds, toSeconds: seconds } as const;
  return { ...day, workload: { ...day.workload, streams: [{ count, atHour, overMinutes: 1e-6, duration }] } };
}

const workHours = (day: ExportDay) =>
  createExportJobs(day, 1).reduce((sum, { files }) => sum + files.reduce((all, { work }) => all + work, 0), 0) / 3_600;

test('the day has the jobs of the decision record, peaks of three to five times its average, and jobs of five minutes to three hours', () => {
  const jobs = createExportJobs(exportDay(), 1);
  const ofJobs = jobs.map(({ files }) => files.reduce((sum, { work }) => sum + work, 0));
  const inHour = Array.from(
    { length: 24 },
    (_, hour) => jobs.filter(({ arrival }) => Math.floor(arrival / 3_600) === hour).length,
  );

  expect(jobs).toHaveLength(100_000);
  expect(Math.min(...ofJobs)).toBeGreaterThanOrEqual(299);
  expect(Math.max(...ofJobs)).toBeLessThanOrEqual(3 * 3_600 + 1);
  expect(Math.max(...inHour) / (100_000 / 24)).toBeGreaterThan(3);
  expect(Math.max(...inHour) / (100_000 / 24)).toBeLessThan(5);
});

describe.each(names)('%s', (name) => {
  test('finishes every job also when tasks are reclaimed, and what a task lost is done again', () => {
    const day = burstOf(60, 2_400);
    // A message that lasts for eight files is as often reclaimed at an eighth of the rate; more would end in the
    // dead-letter queue.
    const spotReclaimsPerTaskHour = name.startsWith('1') ? 0.5 : 4;
    const spot = play(name, { day, maxTasks: 200, parameters: { ...quietStart, spotReclaimsPerTaskHour } }, true);
    const calm = play(name, { day, maxTasks: 200 });

    expect([spot.finished, spot.deadLetters, calm.finished]).toEqual([60, 0, 60]);
    expect([calm.killedBySpot, calm.lostHours]).toEqual([0, 0]);
    expect(spot.killedBySpot).toBeGreaterThan(0);
    // A file that was killed after some of its five minutes ends that much later, and its job with it.
    expect(spot.waitP95Seconds).toBeGreaterThan(calm.waitP95Seconds + 30);
  });

  test('bills no fewer hours than the files take in the slots of its tasks', () => {
    const day = exportDay(2_000);

    const { taskHours, finished, killedByScaleIn } = play(name, { day });

    expect(finished).toBe(2_000);
    expect(killedByScaleIn).toBe(0);
    expect(taskHours).toBeGreaterThanOrEqual(workHours(day) / 4);
  });

  test('ends a burst no sooner than its tasks can have done it', () => {
    // 400 files of five minutes in 2 tasks of 4 slots take 50 rounds.
    const { waitP95Seconds, waitP50Seconds } = play(name, { day: burstOf(100, 1_200), maxTasks: 2 });

    expect(waitP95Seconds).toBeGreaterThan(0.9 * 50 * 300 - 300);
    expect(waitP95Seconds).toBeLessThan(50 * 300 + 3_600);
    expect(waitP50Seconds).toBeLessThanOrEqual(waitP95Seconds);
  });
});

test('a job in one process waits for the threads of that process, and in a queue only for its longest file', () => {
  // 16 files of five minutes: four rounds of four threads, of which one would be enough with tasks for all.
  const lone = { day: burstOf(1, 4_800), maxTasks: 10 };

  expect(play(names[0], lone).waitP50Seconds).toBeCloseTo(3 * 300, 0);
  // The two tasks that are always there have eight slots.
  expect(play(names[3], lone).waitP50Seconds).toBeLessThan(3 * 300);
});

test('with a process for each job, the first file does not wait for jobs that came before', () => {
  const conditions = { day: burstOf(40, 4_800), maxTasks: 40 };

  expect(play(names[1], conditions).startP95Seconds).toBeLessThan(play(names[0], conditions).startP95Seconds);
});

test('a reclaim costs a file where files are messages, and a job where jobs are', () => {
  const conditions = { parameters: { ...quietStart, spotReclaimsPerTaskHour: 0.1 } };
  const [threads, services] = [names[0], names[2]].map((name) => play(name, conditions, true));

  expect(threads.lostHours / threads.killedBySpot).toBeGreaterThan((3 * services.lostHours) / services.killedBySpot);
});

test('the orchestrators of two services cost less than the least tasks of one service, which download too', () => {
  const [two, one] = [names[2], names[3]].map((name) => play(name, { day: burstOf(1, 300) }));

  // Two tasks of half a vCPU and 1 GB for a day, against two of what downloads.
  expect(two.fargateUsd).toBeGreaterThan(24 * 2 * (0.5 * 0.04048 + 0.004445) * 0.99);
  expect(one.fargateUsd).toBeGreaterThan(24 * 2 * (2 * 0.04048 + 4 * 0.004445) * 0.99);
  expect(two.fargateUsd).toBeLessThan(one.fargateUsd);
});
