import { defaultParameters, type Parameters } from '../parameters.ts';
import type { Scaling } from '../template/read-scaling.ts';
import type { Worker } from '../template/read-worker.ts';
import { createJobs, type Workload } from '../workload.ts';
import { EventQueue } from './events.ts';
import { Service, type ServiceResult } from './service.ts';

export interface SimulationOptions {
  readonly worker: Worker;
  readonly scaling: Scaling;
  readonly workload: Workload;
  /** Default: 1. */
  readonly seed?: number;
  readonly parameters?: Parameters;
}

export interface SimulationResult extends ServiceResult {
  /** For each finished job: seconds from arrival to end without its processing time; lost attempts count as waiting. */
  readonly waits: readonly number[];
  readonly jobs: number;
  readonly unfinished: number;
}

/** The simulation ends this long after the last arrival at the latest, as a multiple of the workload's hours. */
const PATIENCE_FACTOR = 2;

/**
 * Plays a workload against a worker and its scaling, from one event to the next.
 *
 * Workers are the same program everywhere: it long-polls, extends its leases, drains on SIGTERM and releases what it
 * cannot finish. So templates differ by their scaling, stop timeout, protection and sizes alone.
 */
export function simulate({
  worker,
  scaling,
  workload,
  seed = 1,
  parameters = defaultParameters,
}: SimulationOptions): SimulationResult {
  const events = new EventQueue();
  const waits: number[] = [];
  const service = new Service(events, {
    worker,
    scaling,
    cpuPerJob: workload.cpuPerJob,
    seed,
    parameters,
    finished: ({ arrival, work }) => waits.push(events.now - arrival - work),
  });
  const jobs = createJobs(workload, seed);
  service.begin();
  for (const job of jobs) {
    events.at(job.arrival, () => service.send(job));
  }
  const end = workload.hours * 3_600;
  const settled = () => waits.length + service.deadLetters;
  events.run(() => events.now >= end && (settled() === jobs.length || events.now >= end * (1 + PATIENCE_FACTOR)));
  const result = service.end();
  return { ...result, waits, jobs: jobs.length, unfinished: jobs.length - settled() };
}
