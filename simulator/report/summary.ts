import type { SimulationResult } from '../engine/simulation.ts';
import type { Worker } from '../template/read-worker.ts';
import { costOf } from './prices.ts';

/** The figures of one run, as `--json` writes them. */
export interface Summary {
  readonly template: string;
  readonly workload: string;
  readonly seed: number;
  readonly jobs: number;
  readonly finished: number;
  readonly deadLetters: number;
  readonly unfinished: number;
  readonly waitP50Seconds: number;
  readonly waitP95Seconds: number;
  readonly waitP99Seconds: number;
  readonly waitMeanSeconds: number;
  /** Hours of tasks that Fargate bills. */
  readonly taskHours: number;
  readonly taskHoursPerJob: number;
  readonly costUsd: number;
  readonly mostTasks: number;
  readonly tasksLaunched: number;
  readonly killedByScaleIn: number;
  readonly killedBySpot: number;
}

export function summarize(
  template: string,
  workload: string,
  seed: number,
  worker: Worker,
  result: SimulationResult,
): Summary {
  const waits = Float64Array.from(result.waits).sort();
  const taskHours = (result.billed.spotSeconds + result.billed.onDemandSeconds) / 3_600;
  return {
    template,
    workload,
    seed,
    jobs: result.jobs,
    finished: waits.length,
    deadLetters: result.deadLetters,
    unfinished: result.unfinished,
    waitP50Seconds: percentile(waits, 0.5),
    waitP95Seconds: percentile(waits, 0.95),
    waitP99Seconds: percentile(waits, 0.99),
    waitMeanSeconds: waits.reduce((sum, wait) => sum + wait, 0) / Math.max(1, waits.length),
    taskHours,
    taskHoursPerJob: taskHours / Math.max(1, waits.length),
    costUsd: costOf(worker, result.billed),
    mostTasks: Math.max(0, ...result.minutes.map(({ running }) => running)),
    tasksLaunched: result.launched,
    killedByScaleIn: result.killed.scaleIn,
    killedBySpot: result.killed.spot,
  };
}

/** The smallest value that is at least as large as this share of all values. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
