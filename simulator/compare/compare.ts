import type { Parameters } from '../parameters.ts';
import { run, type Run, type Subject } from '../run.ts';
import type { WorkerOptions } from '../template/read-worker.ts';
import type { Workload } from '../workload.ts';
import {
  copilotBacklog,
  copilotMetric,
  queueProcessingDefault,
  queueProcessingTuned,
  synthesize,
  type AddService,
  type Common,
} from './stacks.ts';

/**
 * The settings that all services of a day share: maximum, slots, sizes and capacity, so that only the scaling differs.
 */
export const commons: Readonly<Record<string, Common>> = {
  'small-files': {
    maxTasks: 20,
    slots: 4,
    cpu: 512,
    memoryLimitMiB: 1_024,
    processingSeconds: 2,
    acceptableLatencySeconds: 60,
  },
  'long-jobs': {
    maxTasks: 200,
    slots: 1,
    cpu: 1_024,
    memoryLimitMiB: 2_048,
    processingSeconds: 2_930,
    acceptableLatencySeconds: 3_600,
  },
  bursts: {
    maxTasks: 100,
    slots: 1,
    cpu: 512,
    memoryLimitMiB: 1_024,
    processingSeconds: 21,
    acceptableLatencySeconds: 180,
  },
};

/** The services of the comparison, by the name of their scaling. */
export const Names = {
  standard: 'QPFS default',
  tuned: 'QPFS tuned',
  copilot: 'Copilot backlog',
  ours: 'Fileworks',
} as const;

/** Simulates the peers and our worker on one day. `options` apply to our worker. */
export function compare(
  addOurs: AddService,
  workload: Workload,
  seed: number,
  parameters: Parameters,
  options: WorkerOptions = {},
): Run[] {
  const common = commons[workload.name] ?? commons.bursts;
  const subject = (name: string, add: AddService, metrics: string[] = []): Subject => ({
    name,
    metrics,
    slots: common.slots,
    template: synthesize(name.replaceAll(' ', '-'), add, common),
  });
  return [
    subject(Names.standard, queueProcessingDefault),
    subject(Names.tuned, queueProcessingTuned),
    subject(Names.copilot, copilotBacklog, [copilotMetric]),
    { ...options, ...subject(Names.ours, addOurs) },
  ].map((one) => run(one, workload, seed, parameters));
}
