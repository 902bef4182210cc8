import { readFileSync } from 'node:fs';
import { Random } from './engine/random.ts';
import { SimulatorError } from './failure.ts';
import { workloads } from './workloads.ts';

/** A day of jobs. */
export interface Workload {
  readonly name: string;
  readonly description: string;
  /** Hours until the last job has arrived. */
  readonly hours: number;
  /** Share of a task's CPU that one running job uses, for policies that follow the CPU. */
  readonly cpuPerJob: number;
  readonly streams: readonly Stream[];
}

/** Jobs that arrive in one manner: spread over the day, or in a burst. */
export interface Stream {
  readonly count: number;
  readonly duration: Duration;
  /** Spread: how many arrive in each hour, as weights; evenly at random within an hour. */
  readonly hourlyWeights?: readonly number[];
  /** Burst: when it starts, and how long it takes to arrive. */
  readonly atHour?: number;
  readonly overMinutes?: number;
}

/** How long the jobs work, in seconds. */
export type Duration =
  | { readonly distribution: 'lognormal'; readonly medianSeconds: number; readonly p95Seconds: number }
  | { readonly distribution: 'loguniform'; readonly fromSeconds: number; readonly toSeconds: number }
  | { readonly distribution: 'exponential'; readonly meanSeconds: number };

/** One unit of work; times in seconds from the start. */
export interface Job {
  readonly arrival: number;
  readonly work: number;
}

/** Finds one of ours by its name, or reads a file. */
export function readWorkload(nameOrFile: string): Workload {
  const ours = workloads.find(({ name }) => name === nameOrFile);
  if (ours) {
    return ours;
  }
  let workload: Workload;
  try {
    workload = JSON.parse(readFileSync(nameOrFile, 'utf8')) as Workload;
  } catch (error) {
    const names = workloads.map(({ name }) => name).join(', ');
    throw new SimulatorError(
      `--workload ${nameOrFile} is neither one of ${names} nor a JSON file that can be read (${(error as Error).message})`,
    );
  }
  checkWorkload(nameOrFile, workload);
  return workload;
}

function checkWorkload(path: string, { name, hours, cpuPerJob, streams }: Partial<Workload>): void {
  const check = (holds: boolean, what: string) => {
    if (!holds) {
      throw new SimulatorError(`workload ${path}: ${what}`);
    }
  };
  check(typeof name === 'string' && name !== '', 'name must be a text');
  check(isPositive(hours), `hours must be more than 0, got ${String(hours)}`);
  check(
    typeof cpuPerJob === 'number' && cpuPerJob >= 0 && cpuPerJob <= 1,
    `cpuPerJob must be a share from 0 to 1, got ${String(cpuPerJob)}`,
  );
  check(Array.isArray(streams) && streams.length > 0, 'streams must name at least one stream of jobs');
  for (const { count, hourlyWeights, atHour, overMinutes, duration } of streams ?? []) {
    check(Number.isInteger(count) && count > 0, `count must be a whole number of 1 or more, got ${String(count)}`);
    check(
      (hourlyWeights === undefined) !== (atHour === undefined),
      'a stream has either hourlyWeights, to be spread, or atHour, to be a burst',
    );
    check(
      hourlyWeights === undefined || hourlyWeights.length === hours,
      `hourlyWeights must have one weight for each of the ${String(hours)} hours, got ${String(hourlyWeights?.length)}`,
    );
    check(
      atHour === undefined || isPositive(overMinutes),
      `overMinutes of a burst must be more than 0, got ${String(overMinutes)}`,
    );
    checkDuration(check, duration);
  }
}

function checkDuration(
  check: (holds: boolean, what: string) => void,
  duration: Partial<Record<string, unknown>>,
): void {
  const figures = new Map([
    ['lognormal', ['medianSeconds', 'p95Seconds']],
    ['loguniform', ['fromSeconds', 'toSeconds']],
    ['exponential', ['meanSeconds']],
  ]);
  const needed = figures.get(String(duration.distribution));
  check(
    needed !== undefined,
    `distribution of a duration must be one of ${[...figures.keys()].join(', ')}, got ${String(duration.distribution)}`,
  );
  for (const figure of needed ?? []) {
    check(isPositive(duration[figure]), `${figure} of a duration must be more than 0, got ${String(duration[figure])}`);
  }
}

const isPositive = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0;

/** The jobs of a workload in the order of their arrival: the same ones for the same seed. */
export function createJobs(workload: Workload, seed: number): Job[] {
  const random = new Random(seed, workload.name);
  return workload.streams
    .flatMap((stream) =>
      Array.from({ length: stream.count }, () => ({
        arrival: drawArrival(stream, random),
        work: drawDuration(stream.duration, random),
      })),
    )
    .sort((one, other) => one.arrival - other.arrival);
}

function drawArrival({ hourlyWeights, atHour = 0, overMinutes = 0 }: Stream, random: Random): number {
  if (!hourlyWeights) {
    return atHour * 3_600 + random.between(0, overMinutes * 60);
  }
  let rest = random.between(
    0,
    hourlyWeights.reduce((sum, weight) => sum + weight, 0),
  );
  const hour = hourlyWeights.findIndex((weight) => (rest -= weight) < 0);
  return (hour + random.next()) * 3_600;
}

function drawDuration(duration: Duration, random: Random): number {
  switch (duration.distribution) {
    case 'lognormal':
      return random.lognormal(duration.medianSeconds, duration.p95Seconds);
    case 'loguniform':
      return duration.fromSeconds * (duration.toSeconds / duration.fromSeconds) ** random.next();
    case 'exponential':
      return random.exponential(duration.meanSeconds);
  }
}
