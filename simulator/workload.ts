import { Random } from './random.ts';

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
  /** Spread: relative number of arrivals in each hour; evenly at random within an hour. */
  readonly hourlyWeights?: readonly number[];
  /** Burst: its start, and the time within which it arrives. */
  readonly atHour?: number;
  readonly overMinutes?: number;
}

/** Processing time of the jobs, in seconds. */
export type Duration =
  | { readonly distribution: 'lognormal'; readonly medianSeconds: number; readonly p95Seconds: number }
  | { readonly distribution: 'loguniform'; readonly fromSeconds: number; readonly toSeconds: number }
  | { readonly distribution: 'exponential'; readonly meanSeconds: number };

/** One unit of work; times in seconds from the start. */
export interface Job {
  readonly arrival: number;
  readonly work: number;
}

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
