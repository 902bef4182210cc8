import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../simulator/cli';
import { percentile } from '../../simulator/report/summary';
import type { Summary } from '../../simulator/report/summary';
import * as fileworksSources from './fileworks-sources';
import { scaledTemplate } from './support';

const directory = mkdtempSync(join(tmpdir(), 'simulator-'));
const template = join(directory, 'Scaled.template.json');
const workload = join(directory, 'hour.json');
const day = {
  name: 'hour',
  description: 'ten jobs in an hour & more',
  hours: 1,
  cpuPerJob: 0.5,
  streams: [
    { count: 10, hourlyWeights: [1], duration: { distribution: 'lognormal', medianSeconds: 30, p95Seconds: 60 } },
  ],
};

beforeAll(() => {
  writeFileSync(template, JSON.stringify(scaledTemplate()));
  writeFileSync(workload, JSON.stringify(day));
});

afterAll(() => rmSync(directory, { recursive: true }));

async function simulateWith(...args: string[]): Promise<{ code: number; output: string }> {
  const lines: string[] = [];
  const code = await main(
    args,
    (text) => lines.push(text),
    () => Promise.resolve(fileworksSources),
  );
  return { code, output: lines.join('\n') };
}

test('prints a table', async () => {
  const { code, output } = await simulateWith('--template', template, '--workload', workload);

  expect(code).toBe(0);
  expect(output).toMatch(/^workload +template +wait p50/);
  expect(output).toMatch(/\nhour +Scaled +[\d.]+ (s|min)/);
});

test('writes one JSON line for each run', async () => {
  const { output } = await simulateWith(
    '--template',
    template,
    '--template',
    template,
    '--workload',
    workload,
    '--json',
    '--slots',
    '2',
  );

  const summaries = output.split('\n').map((line) => JSON.parse(line) as Summary);
  expect(summaries).toHaveLength(2);
  expect(summaries[0]).toMatchObject({
    template: 'Scaled',
    workload: 'hour',
    jobs: 10,
    finished: 10,
    unfinished: 0,
    killedBySpot: 0,
  });
  // One vCPU and 2 GiB on demand in us-east-1.
  expect(summaries[0].costUsd / summaries[0].taskHours).toBeCloseTo(0.04048 + 2 * 0.004445, 10);
});

test('plots backlog and tasks, with names that are text and not markup', async () => {
  const file = join(directory, 'plot.svg');

  await simulateWith('--template', template, '--workload', workload, '--svg', file);

  const svg = readFileSync(file, 'utf8');
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(svg).toContain('ten jobs in an hour &#38; more');
  expect(svg.match(/class="line s0"/g)).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

test('a parameter changes the result', async () => {
  const p50 = async (...args: string[]) =>
    (
      JSON.parse(
        (await simulateWith('--template', template, '--workload', workload, '--json', ...args)).output,
      ) as Summary
    ).waitP50Seconds;

  expect(await p50('--set', 'taskStartMedianSeconds=600', '--set', 'taskStartP95Seconds=600')).toBeGreaterThan(
    (await p50()) + 200,
  );
});

test.each([
  [['--workload', 'bursts'], '✖ give either --template, once or more, or --compare; --help shows the options'],
  [
    ['--template', 'x', '--workload', 'bursts', '--compare'],
    '✖ give either --template, once or more, or --compare; --help shows the options',
  ],
  [['--template', 'x'], '✖ --workload is missing; --help shows the options'],
  [
    ['--template', 'x', '--workload', 'bursts', '--slots', '0'],
    '✖ --slots must be a whole number of 1 or more, got 0; --help shows the options',
  ],
  [
    ['--template', 'x', '--workload', 'bursts', '--protection', 'yes'],
    '✖ --protection must be on or off, got yes; --help shows the options',
  ],
  [
    ['--template', 'x', '--workload', 'bursts', '--wake', 'yes'],
    '✖ --wake must be off, one or backlog, got yes; --help shows the options',
  ],
  [
    ['--template', 'x', '--workload', 'bursts', '--set', 'speed=3'],
    /^✖ --set speed=3 must be NAME=NUMBER with a number of 0 or more and one of metricDelaySeconds, /,
  ],
  [
    ['--template', 'x', '--workload', 'nights'],
    /^✖ --workload nights is neither one of small-files, long-jobs, bursts nor a readable JSON file/,
  ],
  [['--colour'], /^✖ Unknown option '--colour'/],
])('fails with one clear sentence: %j', async (args, message) => {
  const { code, output } = await simulateWith(...args);

  expect(code).toBe(1);
  if (typeof message === 'string') {
    expect(output).toBe(message);
  } else {
    expect(output).toMatch(message);
  }
});

test.each([
  [{ ...day, hours: 0 }, 'hours must be more than 0, got 0'],
  [{ ...day, cpuPerJob: 2 }, 'cpuPerJob must be a share from 0 to 1, got 2'],
  [{ ...day, streams: [] }, 'streams must name at least one stream of jobs'],
  [{ ...day, streams: [{ ...day.streams[0], count: 0 }] }, 'count must be a whole number of 1 or more, got 0'],
  [
    { ...day, streams: [{ ...day.streams[0], hourlyWeights: [1, 2] }] },
    'hourlyWeights must have one weight for each of the 1 hours, got 2',
  ],
  [
    { ...day, streams: [{ ...day.streams[0], atHour: 1 }] },
    'a stream has either hourlyWeights, to be spread, or atHour, to be a burst',
  ],
  [
    { ...day, streams: [{ ...day.streams[0], duration: { distribution: 'normal' } }] },
    'distribution of a duration must be one of lognormal, loguniform, exponential, got normal',
  ],
  [
    { ...day, streams: [{ ...day.streams[0], duration: { distribution: 'exponential' } }] },
    'meanSeconds of a duration must be more than 0, got undefined',
  ],
])('fails for a workload that cannot be: %#', async (bad, message) => {
  const file = join(directory, 'bad.json');
  writeFileSync(file, JSON.stringify(bad));

  expect((await simulateWith('--template', template, '--workload', file)).output).toBe(
    `✖ workload ${file}: ${message}`,
  );
});

test('a percentile is one of the values', () => {
  const values = Float64Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

  expect([0.5, 0.95, 0.99, 1].map((share) => percentile(values, share))).toEqual([5, 10, 10, 10]);
  expect(percentile(new Float64Array(), 0.5)).toBe(0);
});
