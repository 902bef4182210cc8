// The matrix: which construct meets which failure of which dependency. A new construct is a file in constructs/ and a
// line here.
import type { Cell, Dependency, Form } from './cell.ts';
import type { OutageConstruct } from './constructs/construct.ts';
import { alerts } from './constructs/alerts.ts';
import { batches } from './constructs/batches.ts';
import { dispatcher } from './constructs/dispatcher.ts';
import { exportsOfApi } from './constructs/exports.ts';
import { loader } from './constructs/loader.ts';
import { objectTask } from './constructs/object-task.ts';
import { queueWorker } from './constructs/queue-worker.ts';
import { scheduledJob } from './constructs/scheduled-job.ts';

const CONSTRUCTS: readonly OutageConstruct[] = [
  queueWorker,
  objectTask,
  scheduledJob,
  dispatcher,
  exportsOfApi,
  loader,
  batches,
  alerts,
];

export const CELLS: readonly Cell[] = CONSTRUCTS.flatMap((construct) =>
  construct.failures.map(([dependency, form]) => cellOf(construct, dependency, form)),
);

function cellOf(construct: OutageConstruct, dependency: Dependency, form: Form): Cell {
  const { name } = construct;
  const id = `${name} ${dependency} ${form}`
    .replace(/^queue /, '')
    .replace(/(?:^|[^A-Za-z0-9]+)(.)/g, (_, next: string) => next.toUpperCase());
  return { id, construct: name, dependency, form, ...construct.promised(dependency, form) };
}

export function constructOf({ construct }: Cell): OutageConstruct {
  const found = CONSTRUCTS.find(({ name }) => name === construct);
  if (found === undefined) {
    throw new Error(`no construct ${construct}`);
  }
  return found;
}

/** The durations of the matrix, and a speed of the clock at which each is played. */
export const DURATIONS = {
  '30s': { seconds: 30, speed: 10 },
  '10min': { seconds: 600, speed: 20 },
  '1h': { seconds: 3_600, speed: 30 },
  '6h': { seconds: 6 * 3_600, speed: 60 },
  '13h': { seconds: 13 * 3_600, speed: 60 },
} as const;

export type DurationName = keyof typeof DURATIONS;
