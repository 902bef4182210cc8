import type { MinuteRecord } from './engine/service.ts';
import { simulate } from './engine/simulation.ts';
import type { Parameters } from './parameters.ts';
import { summarize, type Summary } from './report/summary.ts';
import { readScaling } from './template/read-scaling.ts';
import { readWorker, type WorkerOptions } from './template/read-worker.ts';
import type { Template } from './template/template.ts';
import type { Workload } from './workload.ts';

/** A template with its name and the options that it does not define. */
export interface Subject extends WorkerOptions {
  readonly name: string;
  readonly template: Template;
  /** `NAME=EXPRESSION` for metrics that something outside of the template publishes. */
  readonly metrics?: readonly string[];
}

/** One subject on one day. */
export interface Run {
  readonly summary: Summary;
  readonly minutes: readonly MinuteRecord[];
  /** Features of the template that the simulation does not support. */
  readonly notes: readonly string[];
}

export function run(subject: Subject, workload: Workload, seed: number, parameters: Parameters): Run {
  const worker = readWorker(subject.template, subject);
  const scaling = readScaling(subject.template, worker.service, subject.metrics);
  const result = simulate({ worker, scaling, workload, seed, parameters });
  return {
    summary: summarize(subject.name, workload.name, seed, worker, result),
    minutes: result.minutes,
    notes: scaling.notes,
  };
}
