import { readFileSync } from 'node:fs';
import { SimulatorError } from './failure.ts';
import type { Workload } from './workload.ts';
import { workloads } from './workloads.ts';

/** Finds a built-in workload by its name, or reads a file. */
export function readWorkload(nameOrFile: string): Workload {
  const builtIn = workloads.find(({ name }) => name === nameOrFile);
  if (builtIn) {
    return builtIn;
  }
  let workload: Workload;
  try {
    workload = JSON.parse(readFileSync(nameOrFile, 'utf8')) as Workload;
  } catch (error) {
    const names = workloads.map(({ name }) => name).join(', ');
    throw new SimulatorError(
      `--workload ${nameOrFile} is neither one of ${names} nor a readable JSON file (${(error as Error).message})`,
    );
  }
  checkWorkload(nameOrFile, workload);
  return workload;
}

function checkWorkload(path: string, { name, hours, cpuPerJob, streams }: Partial<Workload>): void {
  const check = (holds: boolean, problem: string) => {
    if (!holds) {
      throw new SimulatorError(`workload ${path}: ${problem}`);
    }
  };
  check(typeof name === 'string' && name !== '', 'name must be a non-empty string');
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
  check: (holds: boolean, problem: string) => void,
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
